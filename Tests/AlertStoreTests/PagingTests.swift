import AlertStore
import Foundation
import GRDB
import TestKit
import Testing

/// Lists and figures of the API.
@Suite final class PagingTests {
    private let temporary: TemporaryFolder
    private var folder: String { temporary.path }
    private var random = SystemRandomNumberGenerator()
    private var offset: Int64 = 0

    init() throws { temporary = try TemporaryFolder() }

    /// An alert whose properties follow from its number.
    private func alert(_ number: Int) -> AlertRecord {
        let id = String(number &* 2_654_435_761 % 1_000_000_007, radix: 16)
        return AlertRecord(
            id: String(repeating: "0", count: 24 - id.count) + id,
            detector: number % 3 == 0 ? "rule" : "model",
            type: "type\(number % 4)",
            entity: "actor",
            entityKey: "A\(number % 10)",
            // Few values, so that many are equal.
            score: Double(number * 7 % 11) / 10.1,
            peakScore: 1,
            severity: ["critical", "high", "medium", "low"][number % 4],
            events: 1,
            amount: Double(number),
            openedMilliseconds: Int64(number % 50) * 1000,
            firstEventMilliseconds: Int64(number % 50) * 1000,
            lastEventMilliseconds: Int64(number % 13) * 1000,
            partition: 0,
            openedOffset: 1,
            lastOffset: 2,
            revisions: 0,
            isEnded: false,
            modelID: nil,
            domain: [nil, "gaming", "fintech"][number % 3]
        )
    }

    private func add(_ numbers: some Sequence<Int>, to database: AlertDatabase) throws {
        let progress = PartitionProgress(
            partition: 0,
            nextOffset: offset + 1,
            ok: 1,
            late: 0,
            duplicate: 0,
            rejected: 0,
            clockMilliseconds: 1
        )
        offset += 1
        var commit = EngineCommit(topic: "t", progress: progress)
        commit.alerts = numbers.map(alert)
        try database.commit(commit)
    }

    private func decide(
        _ number: Int,
        status: String? = nil,
        label: String? = nil,
        assignee: String? = nil,
        in database: AlertDatabase
    ) throws {
        try database.append(
            TriageRecord(
                alertID: alert(number).id,
                atMilliseconds: 1,
                author: "ana",
                status: status,
                label: label,
                assignee: assignee,
                note: nil
            )
        )
    }

    /// All of a list, page by page; `between` is done before each page but the first.
    private func walk(
        _ filter: AlertFilter,
        _ database: AlertDatabase,
        between: () throws -> Void = {}
    ) throws -> [ListedAlert] {
        var filter = filter
        var found: [ListedAlert] = []
        while true {
            let page = try database.page(filter)
            found += page.entries
            guard let next = page.next else { return found }
            #expect(page.entries.count == filter.limit)
            filter.after = next
            try between()
        }
    }

    @Test(arguments: [1, 7, 50, 300], [AlertFilter.Order.time, .score])
    func pagesAreTheWholeList(limit: Int, order: AlertFilter.Order) throws {
        let database = try AlertDatabase(path: folder + "/a.sqlite")
        try add(0..<300, to: database)
        var filter = AlertFilter()
        filter.order = order
        filter.limit = 1000
        let whole = try database.page(filter)
        #expect(whole.entries.count == 300 && whole.total == 300 && whole.next == nil)
        let positions = whole.entries.map(\.position)
        for (left, right) in zip(positions, positions.dropFirst()) {
            let scores = order == .score ? (left.score, right.score) : (0, 0)
            let isSorted =
                (-scores.0, -left.lastEventMilliseconds, left.id) < (-scores.1, -right.lastEventMilliseconds, right.id)
            #expect(isSorted)
        }
        filter.limit = limit
        #expect(try walk(filter, database) == whole.entries)
    }

    /// What comes in meanwhile is listed at most once, and hides nothing that was there.
    @Test(arguments: [AlertFilter.Order.time, .score])
    func pagesAreStableUnderInserts(order: AlertFilter.Order) throws {
        let database = try AlertDatabase(path: folder + "/a.sqlite")
        try add(0..<200, to: database)
        var filter = AlertFilter()
        filter.order = order
        filter.limit = 9
        filter.severity = "high"
        let before = Set(try walk(filter, database).map(\.alert.id))
        var next = 200
        let found = try walk(filter, database) {
            try add(next..<next + 20, to: database)
            next += 20
        }
        let ids = found.map(\.alert.id)
        #expect(Set(ids).count == ids.count)
        #expect(before.count == 50 && before.isSubset(of: ids))
        #expect(next > 300)
    }

    /// Each filter says of each alert what a plain reading of it says.
    @Test func filtersAreWhatTheySay() throws {
        let database = try AlertDatabase(path: folder + "/a.sqlite")
        try add(0..<120, to: database)
        for number in 0..<20 {
            try decide(number, status: "investigating", label: "fraud", assignee: "bo", in: database)
        }
        for number in 10..<15 { try decide(number, status: "open", assignee: "", in: database) }
        for number in 15..<18 { try decide(number, status: "closed", label: "regular", in: database) }
        func check(_ words: String, _ set: (inout AlertFilter) -> Void, _ holds: (ListedAlert) -> Bool) throws {
            var all = AlertFilter()
            all.limit = 1000
            let entries = try database.page(all).entries
            var filter = all
            set(&filter)
            let page = try database.page(filter)
            let expected = entries.filter(holds)
            #expect(Set(page.entries.map(\.alert.id)) == Set(expected.map(\.alert.id)), "\(words)")
            #expect(page.total == expected.count && !expected.isEmpty && expected.count < 120, "\(words)")
        }
        try check("domain", { $0.domain = .named("gaming") }, { $0.alert.domain == "gaming" })
        try check("no domain", { $0.domain = .missing }, { $0.alert.domain == nil })
        try check("severity", { $0.severity = "low" }, { $0.alert.severity == "low" })
        try check("type", { $0.type = "type2" }, { $0.alert.type == "type2" })
        try check("detector", { $0.detector = "rule" }, { $0.alert.detector == "rule" })
        try check("actor", { $0.entityKey = "A3" }, { $0.alert.entityKey == "A3" })
        try check("score", { $0.minimumScore = 0.5 }, { $0.alert.score >= 0.5 })
        try check("from", { $0.sinceMilliseconds = 7000 }, { $0.alert.lastEventMilliseconds >= 7000 })
        try check("to", { $0.lastEventBeforeMilliseconds = 7000 }, { $0.alert.lastEventMilliseconds < 7000 })
        for status in ["open", "investigating", "closed"] {
            try check(status, { $0.status = status }, { $0.status == status })
        }
        for label in ["fraud", "regular"] { try check(label, { $0.label = label }, { $0.label == label }) }
        try check("unlabelled", { $0.label = "none" }, { $0.label == nil })
        #expect(try database.entry(id: alert(12).id)?.assignee == nil)
        #expect(try database.entry(id: alert(12).id)?.status == "open")
        #expect(try database.entry(id: alert(16).id)?.assignee == "bo")
        #expect(try database.entry(id: "x") == nil)
    }

    @Test func velocityCountsWhatOpened() throws {
        let database = try AlertDatabase(path: folder + "/a.sqlite")
        try add(0..<300, to: database)
        let all = (0..<300).map(alert)
        let buckets = try database.velocity(from: 10_000, size: 4000, count: 5)
        for bucket in buckets {
            let range = 10_000 + Int64(bucket.index) * 4000..<14_000 + Int64(bucket.index) * 4000
            let own = all.filter { range.contains($0.openedMilliseconds) && $0.domain == bucket.domain }
            #expect(bucket.count == own.count && bucket.count > 0)
            #expect(abs(bucket.averageScore - own.map(\.score).reduce(0, +) / Double(own.count)) < 1e-12)
            #expect(
                bucket.bySeverity
                    == ["critical", "high", "medium", "low"].map { name in own.count { $0.severity == name } }
            )
        }
        #expect(Set(buckets.map(\.index)) == [0, 1, 2, 3, 4])
        #expect(buckets.reduce(0) { $0 + $1.count } == all.count { (10_000..<30_000).contains($0.openedMilliseconds) })
        #expect(
            try database.velocity(from: 10_000, size: 4000, count: 5, domain: .missing).allSatisfy { $0.domain == nil }
        )
        // Nothing opened there: no row, and the caller shows empty buckets.
        #expect(try database.velocity(from: 60_000, size: 4000, count: 5).isEmpty)
        #expect(try database.velocity(from: -8000, size: 4000, count: 2).isEmpty)
    }

    @Test func figuresAddUp() throws {
        let database = try AlertDatabase(path: folder + "/a.sqlite")
        #expect(try database.domains(limit: 5) == (names: [], hasMissing: false))
        #expect(try database.figures(from: nil, to: nil).groups.isEmpty)
        try add(0..<300, to: database)
        for number in 0..<7 { try decide(number, status: "closed", in: database) }
        let figures = try database.figures(from: 5000, to: 20_000, domain: .named("gaming"))
        let own = (0..<300).map(alert).filter {
            (5000..<20_000).contains($0.openedMilliseconds) && $0.domain == "gaming"
        }
        #expect(figures.groups.reduce(0) { $0 + $1.count } == own.count)
        #expect(figures.groups.reduce(0) { $0 + $1.amount } == own.map(\.amount).reduce(0, +))
        #expect(figures.firstMilliseconds == 5000 && figures.lastMilliseconds == 19_000)
        let all = try database.figures(from: nil, to: nil)
        #expect(all.byStatus.map(\.status) == ["closed", "open"] && all.byStatus.map(\.count) == [7, 293])
        #expect(try database.domains(limit: 5) == (names: ["fintech", "gaming"], hasMissing: true))
        #expect(try database.domains(limit: 1).names.count == 2)
    }

    @Test func severalMayReadAndASlowQuestionEnds() throws {
        let path = folder + "/a.sqlite"
        let database = try AlertDatabase(path: path)
        try add(0..<3000, to: database)
        let readers = try AlertDatabase(path: path, readOnly: true, readers: 4)
        #expect(try readers.page(AlertFilter()).total == 3000)
        try add(3000..<3001, to: database)
        #expect(try readers.page(AlertFilter()).total == 3001)
        #expect(throws: AlertStoreError.self) { try decide(1, status: "closed", in: readers) }
        try DatabaseQueue(path: path).write { db in
            // A view in the place of the table: as much work as a very large file would be.
            try db.execute(sql: "ALTER TABLE triage RENAME TO decisions")
            try db.execute(
                sql: """
                    CREATE VIEW triage AS SELECT d.* FROM decisions d, alerts a, alerts b, alerts c WHERE a.score + b.score > c.score
                    """
            )
        }
        try DatabaseQueue(path: path).write { db in
            try db.execute(
                sql: "INSERT INTO decisions (alert_id, at_ms, author, status) VALUES ('x', 1, 'a', 'closed')"
            )
        }
        let hurried = try AlertDatabase(path: path, readOnly: true, readers: 2, timeLimit: 50)
        var filter = AlertFilter()
        filter.status = "closed"
        #expect(throws: AlertStoreError.tooSlow(path: path)) { try hurried.page(filter) }
        // The connection is as good as before.
        #expect(try hurried.page(AlertFilter()).entries.count == 50 || hurried.totals().alerts == 3001)
    }
}
