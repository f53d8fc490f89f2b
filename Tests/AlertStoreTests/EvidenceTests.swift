import AlertStore
import Foundation
import GRDB
import Testing

/// Events that alerts name: kept once, shared, paged, given up with the last alert that names them.
@Suite final class EvidenceTests {
    private let temporary: TemporaryFolder
    private var folder: String { temporary.path }

    init() throws { temporary = try TemporaryFolder() }

    /// An alert that names the events of these offsets; it has ended at their last one.
    private struct Named {
        var id: String
        var offsets: Range<Int64>
        var isEnded = true
    }

    private func event(_ offset: Int64, payload: String? = nil) -> EventRecord {
        EventRecord(
            partition: 0,
            offset: offset,
            eventMilliseconds: offset,
            eventID: "e\(offset)",
            amount: offset % 3 == 0 ? nil : Double(offset),
            payload: payload ?? #"{"n":\#(offset)}"#
        )
    }

    private func commit(_ alerts: [Named], from: Int64, expireBefore: Int64? = nil) -> EngineCommit {
        let progress = PartitionProgress(
            partition: 0,
            nextOffset: from + 100,
            ok: 100,
            late: 0,
            duplicate: 0,
            rejected: 0,
            clockMilliseconds: 1
        )
        var commit = EngineCommit(topic: "t", progress: progress)
        commit.expireBeforeMilliseconds = expireBefore
        for alert in alerts {
            commit.alerts.append(
                AlertRecord(
                    id: alert.id,
                    detector: "d",
                    type: "t",
                    entity: "who",
                    entityKey: "A",
                    score: 1,
                    peakScore: 1,
                    severity: "low",
                    events: alert.offsets.count,
                    amount: 1,
                    openedMilliseconds: 0,
                    firstEventMilliseconds: alert.offsets.lowerBound,
                    lastEventMilliseconds: alert.offsets.upperBound - 1,
                    partition: 0,
                    openedOffset: alert.offsets.lowerBound,
                    lastOffset: alert.offsets.upperBound - 1,
                    revisions: 0,
                    isEnded: alert.isEnded,
                    modelID: nil
                )
            )
            for (position, offset) in alert.offsets.enumerated() {
                commit.evidence.append(
                    EvidenceRecord(
                        alertID: alert.id,
                        position: position,
                        partition: 0,
                        offset: offset,
                        score: position == 0 ? nil : 0.5,
                        role: position == 0 ? "before" : "revised"
                    )
                )
            }
        }
        commit.events = Set(alerts.flatMap(\.offsets)).sorted().map { event($0) }
        return commit
    }

    private func counts(_ path: String) throws -> [Int] {
        try DatabaseQueue(path: path).read { db in
            try ["events", "evidence", "alert_events"].map {
                try Int.fetchOne(db, sql: "SELECT count(*) FROM \($0)") ?? -1
            }
        }
    }

    @Test func anEventThatThreeAlertsNameIsKeptOnce() throws {
        let path = folder + "/a.sqlite"
        let database = try AlertDatabase(path: path)
        let alerts = ["a1", "a2", "a3"].map { Named(id: $0, offsets: 0..<50) }
        try database.commit(commit(alerts, from: 0))
        #expect(try counts(path) == [50, 150, 150])
        // Written once more, as after a crash between a commit and its answer: nothing is added, nothing changes.
        let before = try database.details(id: "a2", events: 1000)?.events
        try database.commit(commit(alerts, from: 100))
        #expect(try counts(path) == [50, 150, 150])
        #expect(try database.details(id: "a2", events: 1000)?.events == before)
        let shown = try #require(before)
        #expect(shown.map(\.offset) == Array(0..<50) && shown.map(\.position) == Array(0..<50))
        #expect(shown[4].payload == #"{"n":4}"# && shown[4].eventID == "e4" && shown[4].amount == 4)
        #expect(shown[3].amount == nil && shown[0].role == "before" && shown[0].score == nil)
        #expect(try database.faults().isEmpty)
    }

    /// Evidence that is handed over row by row ends in the same file.
    @Test func furtherEvidenceIsTheSameEvidence() throws {
        let alerts = [Named(id: "a1", offsets: 0..<50), Named(id: "a2", offsets: 20..<70)]
        let whole = try AlertDatabase(path: folder + "/whole.sqlite")
        try whole.commit(commit(alerts, from: 0))
        var rest = commit(alerts, from: 0)
        let further = rest.evidence.filter { $0.position < 30 }
        rest.evidence.removeAll { $0.position < 30 }
        rest.events.removeAll { event in !rest.evidence.contains { $0.offset == event.offset } }
        let cut = try AlertDatabase(path: folder + "/cut.sqlite")
        try cut.commit(rest) { take in for row in further { try take(event(row.offset), row) } }
        #expect(try cut.digest() == whole.digest())
        // A source that fails leaves nothing.
        struct Failure: Error {}
        let before = try cut.digest()
        let more = commit([Named(id: "a3", offsets: 100..<120)], from: 100)
        #expect(throws: AlertStoreError.self) {
            try cut.commit(more) { take in
                try take(event(100), more.evidence[0])
                throw Failure()
            }
        }
        #expect(try cut.digest() == before)
    }

    /// With the last alert that names an event the event goes, and not before; as it goes or at the end, all is the same.
    @Test func whatIsGivenUpLeavesWhatOthersName() throws {
        let stretches = [
            [
                Named(id: "a1", offsets: 0..<10), Named(id: "a2", offsets: 5..<15),
                Named(id: "a3", offsets: 8..<12, isEnded: false),
            ],
            [Named(id: "b1", offsets: 90..<110), Named(id: "b2", offsets: 9..<11, isEnded: false)], [],
        ]
        let limits: [Int64] = [0, 12, 15]
        let path = folder + "/going.sqlite"
        let going = try AlertDatabase(path: path)
        for (index, alerts) in stretches.enumerated() {
            try going.commit(commit(alerts, from: Int64(index) * 100, expireBefore: limits[index]))
            #expect(try going.faults().isEmpty)
        }
        // a1 ended at 9 and a2 at 14: 8..<12 is a3's, 9..<11 is b2's too, 90..<110 b1's.
        #expect(try counts(path) == [24, 26, 26])
        #expect(try going.details(id: "a3", events: 10)?.events.map(\.offset) == [8, 9, 10, 11])
        let atOnce = try AlertDatabase(path: folder + "/once.sqlite")
        for (index, alerts) in stretches.enumerated() { try atOnce.commit(commit(alerts, from: Int64(index) * 100)) }
        #expect(try atOnce.digest() != going.digest())
        #expect(try atOnce.expire(topic: "t", partition: 0, before: 15) == 2)
        #expect(try atOnce.digest() == going.digest())
        #expect(try atOnce.differences(from: path).isEmpty)
        try going.resetDerived()
        #expect(try counts(path) == [0, 0, 0])
    }

    /// An event that no alert names is a fault, and a difference.
    @Test func anEventThatNobodyNamesIsFound() throws {
        let path = folder + "/a.sqlite"
        let database = try AlertDatabase(path: path)
        try database.commit(commit([Named(id: "a1", offsets: 0..<5)], from: 0))
        let before = try database.digest()
        try DatabaseQueue(path: path).write { db in
            try db.execute(sql: #"INSERT INTO events VALUES (0, 77, 1, 'x', NULL, '{}')"#)
        }
        #expect(try database.faults() == ["events: 1 rows that no alert names"])
        #expect(try database.digest() != before)
    }

    @Test func eventsComeInPages() throws {
        let database = try AlertDatabase(path: folder + "/a.sqlite")
        try database.commit(commit([Named(id: "a1", offsets: 100..<200), Named(id: "a2", offsets: 0..<3)], from: 0))
        func positions(_ from: Int?, _ limit: Int) throws -> [Int]? {
            try database.details(id: "a1", eventsFrom: from, events: limit)?.events.map(\.position)
        }
        #expect(try positions(nil, 7) == Array(93..<100))
        #expect(try positions(0, 7) == Array(0..<7))
        #expect(try positions(95, 7) == Array(95..<100))
        #expect(try positions(100, 7) == [] && positions(5000, 7) == [] && positions(nil, 0) == [])
        #expect(try positions(nil, 1000) == Array(0..<100))
        var streamed: [Int64] = []
        try database.eachEvent(of: "a1", positions: 10..<90) { streamed.append($0.offset) }
        #expect(streamed == Array(110..<190))
    }

    /// A page of large events ends earlier, but has one.
    @Test func aPageHasSoManyBytes() throws {
        let database = try AlertDatabase(path: folder + "/a.sqlite")
        var large = commit([Named(id: "a1", offsets: 0..<10)], from: 0)
        large.events = (0..<10).map { event($0, payload: String(repeating: "x", count: 1 << 20)) }
        try database.commit(large)
        func offsets(_ from: Int?) throws -> [Int64]? {
            try database.details(id: "a1", eventsFrom: from, events: 1000)?.events.map(\.offset)
        }
        #expect(try offsets(nil) == [6, 7, 8, 9])
        #expect(try offsets(0) == [0, 1, 2, 3])
        var huge = commit([Named(id: "a2", offsets: 10..<12)], from: 100)
        huge.events = (10..<12).map { event($0, payload: String(repeating: "x", count: 5 << 20)) }
        try database.commit(huge)
        #expect(try database.details(id: "a2", events: 1000)?.events.map(\.offset) == [11])
    }

    // MARK: - Version 3

    private func version3(_ name: String) throws -> DatabaseQueue {
        let old = try DatabaseQueue(path: folder + "/" + name)
        try old.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA foreign_keys = OFF")
            try db.inTransaction {
                try db.execute(
                    sql: Version1.sql + Version1.changesOfVersion2 + Version1.changesOfVersion3 + Version1.sharedEvents
                )
                return .commit
            }
        }
        return old
    }

    private static let everything = "SELECT * FROM alert_events ORDER BY alert_id, position"

    /// Every column of every row is the same, for whoever asks as before; and what was kept twice is kept once.
    @Test func version3IsBroughtToThisOneExactly() throws {
        let old = try version3("old.sqlite")
        let timeline = "SELECT * FROM actor_timeline ORDER BY alert_id, position"
        let before = try old.read { db in
            (try Row.fetchAll(db, sql: Self.everything), try Row.fetchAll(db, sql: timeline))
        }
        let distinct = #"SELECT count(DISTINCT partition * 1000 + "offset") FROM alert_events"#
        let events = try old.read { try Int.fetchOne($0, sql: distinct) }
        try old.close()
        #expect(before.0.count == 8 && events == 6)
        let database = try AlertDatabase(path: folder + "/old.sqlite")
        #expect(try database.faults().isEmpty)
        try database.close()
        let after = try DatabaseQueue(path: folder + "/old.sqlite").read { db in
            (try Row.fetchAll(db, sql: Self.everything), try Row.fetchAll(db, sql: timeline))
        }
        #expect(after.0 == before.0 && after.1 == before.1)
        #expect(try counts(folder + "/old.sqlite") == [6, 8, 8])
    }

    /// A step that fails after the events were copied leaves the file as it was.
    @Test func aMigrationIsWholeOrNothing() throws {
        let old = try version3("old.sqlite")
        try old.write { try $0.execute(sql: "CREATE TABLE evidence (x)") }
        let before = try old.read { try Row.fetchAll($0, sql: Self.everything) }
        try old.close()
        #expect(throws: AlertStoreError.self) { try AlertDatabase(path: folder + "/old.sqlite") }
        let again = try DatabaseQueue(path: folder + "/old.sqlite")
        let after = try again.read { db in
            (
                version: try Int.fetchOne(db, sql: "PRAGMA user_version"), hasEvents: try db.tableExists("events"),
                rows: try Row.fetchAll(db, sql: Self.everything)
            )
        }
        #expect(after.version == 3 && !after.hasEvents && after.rows == before)
        try again.write { try $0.execute(sql: "DROP TABLE evidence") }
        try again.close()
        let database = try AlertDatabase(path: folder + "/old.sqlite")
        #expect(try database.details(id: "000000000099aaaaaaaaaaaa", events: 9)?.events.count == 3)
    }

    /// A file of version 3 that is only read shows the same, and stays what it is.
    @Test func version3CanBeLookedAt() throws {
        try version3("old.sqlite").close()
        let database = try AlertDatabase(path: folder + "/old.sqlite", readOnly: true)
        let shown = try #require(try database.details(id: "000000000099aaaaaaaaaaaa", events: 2))
        #expect(shown.alert.events == 3 && shown.events.map(\.offset) == [60, 153])
        #expect(try database.faults().filter { !$0.contains("ledger") && !$0.contains("rows, but") }.isEmpty)
        try database.close()
        let version = try DatabaseQueue(path: folder + "/old.sqlite").read {
            try Int.fetchOne($0, sql: "PRAGMA user_version")
        }
        #expect(version == 3)
    }
}
