import AlertStore
import Foundation
import GRDB
import Testing

/// What alerts say of the definitions that opened them, and the file's copy of the activations.
@Suite final class ActivationTests {
    private let temporary: TemporaryFolder
    private var folder: String { temporary.path }
    private var path: String { folder + "/a.sqlite" }

    init() throws { temporary = try TemporaryFolder() }

    private func alert(_ id: String, version: String?, activation: Int, revisions: Int = 0) -> AlertRecord {
        AlertRecord(
            id: id,
            detector: "d",
            type: "t",
            entity: "who",
            entityKey: "A",
            score: 1,
            peakScore: 1,
            severity: "low",
            events: 1 + revisions,
            amount: 1,
            openedMilliseconds: 0,
            firstEventMilliseconds: 0,
            lastEventMilliseconds: Int64(revisions),
            partition: 0,
            openedOffset: 0,
            lastOffset: Int64(revisions),
            revisions: revisions,
            isEnded: false,
            modelID: nil,
            detectorVersion: version,
            activation: activation
        )
    }

    private func commit(_ alerts: [AlertRecord], from: Int64 = 0) -> EngineCommit {
        let progress = PartitionProgress(
            partition: 0,
            nextOffset: from + 10,
            ok: 10,
            late: 0,
            duplicate: 0,
            rejected: 0,
            clockMilliseconds: 1
        )
        var commit = EngineCommit(topic: "t", progress: progress)
        commit.alerts = alerts
        return commit
    }

    private func activation(
        _ number: Int,
        _ kind: ActivationRow.Kind = .activate,
        note: String? = nil,
        detectors: [ActivationDetectorRow] = []
    ) -> ActivationRow {
        ActivationRow(
            number: number,
            kind: kind,
            atMilliseconds: 1_767_600_000_000 + Int64(number),
            author: "ann",
            note: note,
            pipeline: "p",
            pipelineSHA: "s\(number)",
            pipelineFile: kind == .begin ? nil : "p.yaml",
            offsets: [0: Int64(number) * 100, 1: 7],
            detectors: detectors
        )
    }

    private func detector(
        _ name: String,
        _ mode: ActivationDetectorRow.Mode,
        _ change: ActivationDetectorRow.Change,
        model: String? = nil
    ) -> ActivationDetectorRow {
        ActivationDetectorRow(detector: name, version: "0123456789ab", mode: mode, modelID: model, change: change)
    }

    /// What an alert was opened by stays, whatever is in force when it is revised.
    @Test func aRevisionKeepsVersionAndActivation() throws {
        let database = try AlertDatabase(path: path)
        let opened = alert("1", version: "aaaaaaaaaaaa", activation: 2)
        try database.commit(commit([opened, alert("2", version: "bbbbbbbbbbbb", activation: 3)]))
        #expect(try database.details(id: "1", events: 0)?.alert == opened)
        try database.commit(commit([alert("1", version: "cccccccccccc", activation: 4, revisions: 1)], from: 10))
        let revised = try #require(try database.entry(id: "1")).alert
        #expect(revised.revisions == 1 && revised.detectorVersion == "aaaaaaaaaaaa" && revised.activation == 2)
        var filter = AlertFilter()
        filter.activation = 3
        let page = try database.page(filter)
        #expect(page.entries.map(\.alert.id) == ["2"] && page.total == 1)
        let shown = try DatabaseQueue(path: path).read { db in
            try ["alerts_iso", "alert_queue"].map {
                try Row.fetchAll(db, sql: "SELECT detector_version, activation FROM \($0) ORDER BY alert_id")
            }
        }
        for rows in shown {
            #expect(rows.map { $0["detector_version"] } == ["aaaaaaaaaaaa", "bbbbbbbbbbbb"])
            #expect(rows.map { $0["activation"] } == [2, 3])
        }
    }

    /// The digest is that of the same alerts in a file of before; a comparison row by row is stricter.
    @Test func theDigestIsOfTheAlertsAlone() throws {
        let (old, new) = (try AlertDatabase(path: path), try AlertDatabase(path: folder + "/b.sqlite"))
        try old.commit(commit([alert("1", version: nil, activation: 1), alert("2", version: "d", activation: 1)]))
        try new.commit(commit([alert("1", version: "c", activation: 1), alert("2", version: "d", activation: 1)]))
        #expect(try old.digest() == new.digest())
        #expect(try old.differences(from: new.path).map(\.table) == ["alerts"])
        // An alert that tells no version takes the other's; one that does keeps it.
        try old.takeVersions(from: new.path)
        #expect(try old.differences(from: new.path).isEmpty)
        try DatabaseQueue(path: new.path).write { try $0.execute(sql: "UPDATE alerts SET activation = 2") }
        #expect(try old.digest() == new.digest())
        #expect(try old.differences(from: new.path).map(\.here) == [2])
        try DatabaseQueue(path: new.path).write {
            try $0.execute(sql: "UPDATE alerts SET activation = 1, detector_version = 'e'")
        }
        try old.takeVersions(from: new.path)
        #expect(try old.entries(ids: ["1", "2"]).map(\.alert.detectorVersion) == ["c", "d"])
        #expect(try old.differences(from: new.path).map(\.table) == ["alerts"])
    }

    @Test func theCopyIsWhatWasSetLast() throws {
        let database = try AlertDatabase(path: path)
        #expect(try database.activations().isEmpty)
        let first = activation(1, .begin, detectors: [detector("a", .active, .started)])
        var second = activation(
            2,
            note: "a model of May",
            detectors: [detector("b", .shadow, .started, model: "m@1"), detector("a", .off, .ended)]
        )
        try database.setActivations([second, first])
        second.detectors.reverse()
        #expect(try database.activations() == [first, second])
        try database.commit(commit([alert("1", version: "c", activation: 2), alert("2", version: "c", activation: 2)]))
        let rows = try DatabaseQueue(path: path).read {
            try Row.fetchAll($0, sql: "SELECT activation, at, alerts FROM activations_iso")
        }
        #expect(rows.map { $0["activation"] } == [1, 2] && rows.map { $0["alerts"] } == [0, 2])
        #expect(rows.map { $0["at"] } == ["2026-01-05T08:00:00.001Z", "2026-01-05T08:00:00.002Z"])
        // What is made from the log goes, and the copy stays.
        let digest = try database.digest()
        try database.resetDerived()
        #expect(try database.activations() == [first, second])
        #expect(try database.digest() != digest)
        // A copy that cannot be is none: the old one stays.
        #expect(throws: AlertStoreError.self) { try database.setActivations([first, first]) }
        #expect(try database.activations() == [first, second])
        try database.setActivations([first])
        #expect(try database.activations() == [first])
        #expect(try database.faults().isEmpty)
        let left = try DatabaseQueue(path: path).read {
            try Int.fetchOne($0, sql: "SELECT count(*) FROM activation_detectors") ?? -1
        }
        #expect(left == 1)
    }

    /// A rebuild puts other alerts in, and takes activations neither away nor over.
    @Test func aRebuildLeavesTheCopy() throws {
        let database = try AlertDatabase(path: path)
        try database.commit(commit([alert("1", version: nil, activation: 1)]))
        try database.setActivations([activation(1, .begin)])
        let fresh = try AlertDatabase(path: folder + "/fresh.sqlite")
        try fresh.commit(commit([alert("1", version: "c", activation: 2)]))
        try fresh.close()
        try database.replaceDerived(from: folder + "/fresh.sqlite")
        #expect(try database.activations() == [activation(1, .begin)])
        let made = try #require(try database.entry(id: "1")).alert
        #expect(made.detectorVersion == "c" && made.activation == 2)
    }

    // MARK: - Damaged files

    /// Takes out of a file what can be read, into another one.
    private func salvage(_ path: String) throws -> (database: AlertDatabase, salvage: Salvage) {
        let target = folder + "/salvaged.sqlite"
        let salvage = try Salvage(path, into: target, scratch: folder + "/scratch", takesDerived: true)
        return (try AlertDatabase(path: target), salvage)
    }

    private func overwriteFirstPage() throws {
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        try file.write(contentsOf: Data(repeating: 0x55, count: 4096))
        try file.close()
    }

    /// Without its list of tables a file gives the rows of before version 6, which are shorter, and those of today.
    @Test func rowsOfBeforeAreSalvagedFromTheirPages() throws {
        let old = try DatabaseQueue(path: path)
        try old.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA foreign_keys = OFF")
            try db.inTransaction {
                try db.execute(sql: Version1.statements(upTo: 5))
                return .commit
            }
        }
        let runs = try old.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM runs") }
        try old.close()
        let database = try AlertDatabase(path: path)
        let before = try database.page(AlertFilter()).entries.map(\.alert)
        let rows = [activation(1, .begin, detectors: [detector("a", .active, .started)]), activation(2, note: "open")]
        try database.setActivations(rows)
        try database.close()
        try overwriteFirstPage()
        let (found, salvage) = try self.salvage(path)
        #expect(salvage.tables.allSatisfy { $0.isDoubtful })
        let after = try found.page(AlertFilter()).entries.map(\.alert)
        #expect(after == before && before.count == 2)
        #expect(try found.activations() == rows)
        #expect(salvage.tables.first { $0.name == "runs" }?.rows == runs && runs == 1)
        #expect(salvage.tables.first { $0.name == "triage" }?.rows == 1)
    }

    /// A file of an earlier version is salvaged by what its tables have.
    @Test func aFileOfBeforeIsSalvaged() throws {
        let old = try DatabaseQueue(path: path)
        try old.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA foreign_keys = OFF")
            try db.execute(sql: Version1.statements(upTo: 5))
        }
        try old.close()
        let (found, salvage) = try self.salvage(path)
        #expect(salvage.tables.filter(\.isDoubtful).isEmpty)
        let alerts = try found.page(AlertFilter()).entries.map(\.alert)
        #expect(alerts.map(\.activation) == [1, 1] && alerts.map(\.detectorVersion) == [nil, nil])
    }

    /// What belongs to an activation that is gone is nobody's.
    @Test func detectorsWithoutTheirActivationAreMissing() throws {
        let database = try AlertDatabase(path: path)
        let detectors = [detector("a", .active, .started), detector("b", .active, .started)]
        try database.setActivations([activation(1, .begin), activation(2, detectors: detectors)])
        try database.close()
        try DatabaseQueue(path: path).writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA foreign_keys = OFF; DELETE FROM activations WHERE activation = 2; VACUUM")
        }
        let (found, salvage) = try self.salvage(path)
        #expect(try found.activations() == [activation(1, .begin)])
        #expect(try found.faults().isEmpty)
        let lost = salvage.tables.filter { $0.missing > 0 }.map { "\($0.name) \($0.missing)" }
        #expect(lost == ["activation_detectors 2", "activation_offsets 2"])
    }
}
