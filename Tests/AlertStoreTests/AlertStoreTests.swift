import AlertStore
import Foundation
import GRDB
import TestKit
import Testing

@Suite final class AlertStoreTests {
    private let temporary: TemporaryFolder
    private var folder: String { temporary.path }

    init() throws { temporary = try TemporaryFolder() }

    private func alert(_ id: String, score: Double = 0.9, events: Int = 1) -> AlertRecord {
        AlertRecord(
            id: id,
            detector: "d",
            type: "fraud_x",
            entity: "actor",
            entityKey: "A-\(id)",
            score: score,
            peakScore: score,
            severity: score >= 0.9 ? "critical" : "low",
            events: events,
            amount: 12.5,
            openedMilliseconds: 3_600_000,
            firstEventMilliseconds: 3_600_000,
            lastEventMilliseconds: 3_700_000,
            partition: 0,
            openedOffset: 1,
            lastOffset: 2,
            revisions: events - 1,
            isEnded: false,
            modelID: "m"
        )
    }

    private func commit(_ alerts: [AlertRecord], partition: Int = 0, from: Int64 = 0, events: Int = 10) -> EngineCommit
    {
        var commit = EngineCommit(
            topic: "t",
            progress: PartitionProgress(
                partition: partition,
                nextOffset: from + Int64(events),
                ok: events - 1,
                late: 0,
                duplicate: 0,
                rejected: 1,
                clockMilliseconds: 5
            )
        )
        commit.alerts = alerts
        commit.rejects = [
            RejectRecord(
                partition: partition,
                offset: from,
                line: 3,
                field: "amount",
                reason: "is missing",
                raw: "\u{1B}[31m=1+1"
            )
        ]
        if !alerts.isEmpty {
            commit.events = [
                EventRecord(
                    partition: partition,
                    offset: from,
                    eventMilliseconds: 1,
                    eventID: "e",
                    amount: 1,
                    payload: "{}"
                )
            ]
        }
        for alert in alerts {
            commit.evidence.append(
                EvidenceRecord(
                    alertID: alert.id,
                    position: alert.events - 1,
                    partition: partition,
                    offset: from,
                    score: 0.9,
                    role: "opened"
                )
            )
            commit.reasons.append(
                AlertReasonRecord(
                    alertID: alert.id,
                    rank: 1,
                    feature: "f",
                    title: "F",
                    value: 1,
                    typical: nil,
                    contribution: alert.score
                )
            )
        }
        return commit
    }

    private func count(_ path: String, _ table: String) throws -> Int {
        try DatabaseQueue(path: path).read { try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") ?? -1 }
    }

    @Test func writingTheSameAgainChangesNothingAndRevisionsReplace() throws {
        let database = try AlertDatabase(path: folder + "/a.sqlite")
        try database.commit(commit([alert("1"), alert("2")]))
        try database.commit(commit([alert("1", score: 0.2, events: 2)], from: 10))
        let details = try #require(try database.details(id: "1", events: 10))
        #expect(details.alert.score == 0.2)
        #expect(details.events.count == 2)
        #expect(details.reasons.map(\.contribution) == [0.2])
        #expect(try database.totals().events == 20)
        #expect(try database.totals().rejected == 2)
        #expect(try database.totals().alerts == 2)
    }

    @Test func whatTheSchemaDoesNotAllowIsDamageAndNoTrap() throws {
        let path = folder + "/a.sqlite"
        let database = try AlertDatabase(path: path)
        try database.commit(commit([alert("1")]))
        try database.close()
        try DatabaseQueue(path: path).writeWithoutTransaction { db in
            try db.execute(sql: "CREATE TABLE copy AS SELECT * FROM offsets; DROP TABLE offsets")
            try db.execute(sql: "CREATE TABLE offsets AS SELECT * FROM copy; UPDATE offsets SET partition = NULL")
        }
        let again = try AlertDatabase(path: path)
        let error = #expect(throws: AlertStoreError.self) { try again.progress() }
        guard case .damaged = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func aFailingCommitLeavesNothing() throws {
        let database = try AlertDatabase(path: folder + "/a.sqlite")
        try database.commit(commit([alert("1")]))
        let before = try database.digest()
        // The ledger would not add up to the offset: the last statement of the transaction fails.
        #expect(throws: AlertStoreError.self) { try database.commit(commit([alert("2")], from: 500)) }
        #expect(throws: AlertStoreError.self) { try database.commit(commit([alert("3", score: 1.5)], from: 10)) }
        #expect(try database.digest() == before)
    }

    @Test func theDigestKnowsContentOnly() throws {
        let first = try AlertDatabase(path: folder + "/a.sqlite")
        let second = try AlertDatabase(path: folder + "/b.sqlite")
        try first.commit(commit([alert("1"), alert("2")]))
        try first.commit(commit([], partition: 1))
        let run = RunRecord(command: "x", appVersion: "1", pipeline: "p", pipelineSHA: "s", modelID: nil)
        _ = try second.beginRun(run, atMilliseconds: 99)
        try second.commit(commit([], partition: 1))
        try second.commit(commit([alert("2"), alert("1")]))
        #expect(try first.digest() == second.digest())
        try second.commit(commit([alert("3")], from: 10))
        #expect(try first.digest() != second.digest())
    }

    @Test func whatPeopleAddSurvivesARebuild() throws {
        let database = try AlertDatabase(path: folder + "/a.sqlite")
        try database.commit(commit([alert("1")]))
        try database.append(
            TriageRecord(
                alertID: "1",
                atMilliseconds: 1,
                author: "ana",
                status: "closed",
                label: "fraud",
                assignee: nil,
                note: "x"
            )
        )
        try database.resetDerived()
        #expect(try database.totals().events == 0)
        try database.commit(commit([alert("1")]))
        let details = try #require(try database.details(idPrefix: "1"))
        #expect(details.status == "closed")
        #expect(details.triage.map(\.note) == ["x"])
    }

    @Test func viewsAnswer() throws {
        let path = folder + "/a.sqlite"
        let database = try AlertDatabase(path: path)
        try database.commit(commit([alert("1"), alert("2", score: 0.5)]))
        try database.close()
        #expect(!FileManager.default.fileExists(atPath: path + "-wal"))
        for view in ["alerts_iso", "alert_state", "alert_queue", "actor_timeline", "top_actors"] {
            #expect(try count(path, view) == 2, "\(view)")
        }
        for view in ["alerts_by_hour", "alerts_by_day", "alerts_by_type", "rule_quality", "ledger"] {
            #expect(try count(path, view) == 1, "\(view)")
        }
    }

    @Test func filtersAndOrder() throws {
        let database = try AlertDatabase(path: folder + "/a.sqlite")
        try database.commit(commit([alert("a", score: 0.5), alert("b", score: 0.95), alert("c", score: 0.95)]))
        var filter = AlertFilter()
        #expect(try database.alerts(filter).map { $0.alert.id } == ["b", "c", "a"])
        filter.severity = "low"
        #expect(try database.alerts(filter).map { $0.alert.id } == ["a"])
        #expect(try database.details(idPrefix: "")?.alert == nil)
    }

    @Test func badFilesHaveTheirOwnErrors() throws {
        let newer = folder + "/newer.sqlite"
        try DatabaseQueue(path: newer).write { try $0.execute(sql: "PRAGMA user_version = 99") }
        #expect(throws: AlertStoreError.newer(path: newer, version: 99, known: 6)) { try AlertDatabase(path: newer) }
        let garbage = folder + "/garbage.sqlite"
        try Data(repeating: 7, count: 5000).write(to: URL(fileURLWithPath: garbage))
        do {
            _ = try AlertDatabase(path: garbage)
            Issue.record("a file of garbage was opened")
        } catch {
            if case .damaged = error { return }
            Issue.record("\(error)")
        }
    }

    @Test func aReaderBesideTheWriter() throws {
        let writer = try AlertDatabase(path: folder + "/a.sqlite")
        try writer.commit(commit([alert("1")]))
        let reader = try AlertDatabase(path: folder + "/a.sqlite", readOnly: true)
        try writer.commit(commit([alert("2")], from: 10))
        #expect(try reader.totals().alerts == 2)
    }

    @Test func aRunOfFiguresIsNotWhatTheAlertsWereMadeWith() throws {
        let database = try AlertDatabase(path: folder + "/a.sqlite")
        let replay = RunRecord(command: "replay", appVersion: "1", pipeline: "p", pipelineSHA: "s", modelID: "m")
        _ = try database.beginRun(replay, atMilliseconds: 1)
        let before = try database.digest()
        let judged = RunRecord(command: "evaluate", appVersion: "1", pipeline: "q", pipelineSHA: "t", modelID: "n")
        try database.note(judged, metrics: [("roc_auc", 0.75), ("best_threshold", nil)], atMilliseconds: 2)
        #expect(try database.lastRun() == replay)
        #expect(try database.digest() == before)
        #expect(throws: AlertStoreError.self) {
            try database.note(judged, metrics: [("a", 1), ("a", 2)], atMilliseconds: 3)
        }
        try database.close()
        #expect(try count(folder + "/a.sqlite", "runs") == 2)
        #expect(try count(folder + "/a.sqlite", "metrics WHERE name = 'roc_auc' AND value = 0.75") == 1)
        #expect(try count(folder + "/a.sqlite", "metrics WHERE value IS NULL") == 1)
    }

    /// A file of each earlier version is brought to this one when it is opened, and loses nothing.
    @Test(arguments: 1...5)
    func earlierVersionsAreMigrated(version: Int) throws {
        let path = folder + "/old.sqlite"
        let old = try DatabaseQueue(path: path)
        try old.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA foreign_keys = OFF")
            try db.inTransaction {
                try db.execute(sql: Version1.statements(upTo: version))
                return .commit
            }
        }
        // An alert's id begins with the offset that it was opened at since version 3.
        let renamed =
            "(SELECT printf('%012x', opened_offset) || substr(b.alert_id, 1, 12) FROM alerts b WHERE b.alert_id = TABLE.alert_id)"
        func id(_ table: String) -> String {
            let value = version >= 3 ? "\(table).alert_id" : renamed.replacingOccurrences(of: "TABLE", with: table)
            return value + " AS alert_id"
        }
        let columns = "type, score, amount, opened_ms, last_event_ms, opened_offset, revisions, model_id"
        let before = try old.read { db in
            try (
                alerts: Row.fetchAll(db, sql: "SELECT \(id("a")), \(columns) FROM alerts a ORDER BY 1"),
                events: Row.fetchAll(
                    db,
                    sql: "SELECT \(id("e")), position, \"offset\", payload FROM alert_events e ORDER BY 1, 2"
                ),
                features: Row.fetchAll(
                    db,
                    sql: "SELECT \(id("f")), feature, value FROM alert_features f ORDER BY 1, 2"
                ),
                triage: Row.fetchAll(db, sql: "SELECT \(id("t")), status FROM triage t")
            )
        }
        try old.close()
        #expect(before.alerts.count == 2 && before.features.count == 2 && before.triage.count == 1)

        let database = try AlertDatabase(path: path)
        #expect(try database.totals().events == 300)
        #expect(try database.faults().isEmpty)
        let progress = try database.progress(topic: "patternalarm")
        #expect(progress.map(\.events).reduce(0, +) == 300)
        #expect(try database.details(idPrefix: before.alerts[0]["alert_id"]) != nil)
        let entries = try database.page(AlertFilter()).entries
        #expect(entries.map(\.alert.domain) == [nil, nil] && entries.map(\.alert.detectorVersion) == [nil, nil])
        #expect(entries.map(\.alert.activation) == [1, 1])
        #expect(try database.activations().isEmpty)
        try database.close()
        let after = try DatabaseQueue(path: path).read { db in
            try (
                version: Int.fetchOne(db, sql: "PRAGMA user_version"),
                alerts: Row.fetchAll(db, sql: "SELECT alert_id, \(columns) FROM alerts ORDER BY 1"),
                events: Row.fetchAll(
                    db,
                    sql: "SELECT alert_id, position, \"offset\", payload FROM alert_events ORDER BY 1, 2"
                ),
                features: Row.fetchAll(db, sql: "SELECT alert_id, feature, value FROM alert_features ORDER BY 1, 2"),
                triage: Row.fetchAll(db, sql: "SELECT alert_id, status FROM triage"),
                queue: Int.fetchOne(db, sql: "SELECT count(*) - count(domain) FROM alert_queue")
            )
        }
        #expect(after.version == 6 && after.queue == 1)
        #expect(after.alerts == before.alerts && after.events == before.events)
        #expect(after.features == before.features && after.triage == before.triage)
    }

    /// Ended alerts are given up by the event clock, open ones are not, and what was given up is remembered.
    @Test func oldAlertsAreGivenUp() throws {
        let database = try AlertDatabase(path: folder + "/ttl.sqlite")
        var ended = alert("a1")
        ended.isEnded = true
        var first = commit([ended, alert("a2")])
        first.expireBeforeMilliseconds = 3_700_000
        try database.commit(first)
        #expect(try database.totals().alerts == 2)
        var second = commit([], from: 10)
        second.expireBeforeMilliseconds = 3_700_001
        try database.commit(second)
        #expect(try database.alerts(AlertFilter()).map(\.alert.id) == ["a2"])
        #expect(try database.progress(topic: "t").first?.expiredBeforeMilliseconds == 3_700_001)
        #expect(try database.faults().isEmpty)
    }

    @Test func aBackupIsACopyAndDifferencesAreCounted() throws {
        let database = try AlertDatabase(path: folder + "/one.sqlite")
        try database.commit(commit([alert("a1"), alert("a2")]))
        try database.backup(to: folder + "/two.sqlite")
        #expect(try database.differences(from: folder + "/two.sqlite").isEmpty)
        let copy = try AlertDatabase(path: folder + "/two.sqlite")
        #expect(try copy.digest() == database.digest())
        try database.commit(commit([alert("a3")], from: 10))
        let found = try database.differences(from: folder + "/two.sqlite")
        #expect(found.map(\.table) == ["evidence", "events", "alert_reasons", "alerts", "rejects", "offsets"])
        #expect(found.allSatisfy { $0.here == 1 && $0.there == ($0.table == "offsets" ? 1 : 0) })
    }
}
