import Base
import Engine
import Plan
import State
import StateStore
import TestKit
import Testing

/// A pipeline file whose parts a test can put into another order.
private struct File {
    var entities: Entries = [("who", "payer"), ("place", "shop"), ("pair", ["payer", "shop"])]
    var features: Entries = [
        ("many", "count(who, 20m, amount > 100)"), ("mean", "mean(who, 20m, amount)"),
        ("shops", "distinct(who, 20m, shop)"), ("total", "sum(pair, 30m, amount) excluding current"),
        ("busy", "count(place, 5m)"), ("payers", "distinct(place, 1h, payer)"),
    ]
    var rules: [Entries] = [
        [("name", "burst"), ("when", "many >= 2 and busy < 9"), ("entity", "who"), ("session", "10m")],
        [("name", "large"), ("when", "total > 900"), ("entity", "pair"), ("session", "20m"), ("score", "0.8")],
        [("name", "crowd"), ("when", "payers >= 5 or shops >= 4"), ("entity", "place"), ("session", "5m")],
    ]

    func plan() throws(PlanError) -> PipelinePlan {
        let fields: Entries = [
            ("id", [("type", "text"), ("role", "id"), ("required", "true")] as Entries),
            ("at", [("type", "time"), ("role", "time")] as Entries), ("payer", "text"), ("shop", "text"),
            ("amount", [("type", "number"), ("role", "amount")] as Entries),
        ]
        let root: Entries = [
            ("name", "test"), ("schema", [("fields", fields)] as Entries),
            ("time", [("disorder", "10s")] as Entries), ("duplicates", [("within", "10m")] as Entries),
            ("entities", entities), ("features", features), ("partition_by", "who"), ("partitions", "1"),
            ("detectors", rules),
        ]
        return try PipelinePlan.parse(configNode(root), file: "p.yaml")
    }

    /// All parts in another order.
    var turned: File {
        var file = self
        file.entities = [2, 0, 1].map { entities[$0] }
        file.features = [5, 2, 3, 1, 4, 0].map { features[$0] }
        file.rules = [1, 2, 0].map { rules[$0] }
        return file
    }
}

private func stream(_ seed: UInt64, count: Int) -> [String] {
    var random = Seeded(seed: seed)
    var now = 1_772_438_400
    return (0..<count).map { _ in
        now += random.below(40) + (random.below(60) == 0 ? 900 : 0)
        let (id, payer, shop) = (random.below(400), random.below(12), random.below(5))
        return
            #"{"id":"e\#(id)","at":\#(now - random.below(9)),"payer":"P\#(payer)","shop":"S\#(shop)","amount":\#(random.below(400))}"#
    }
}

/// An engine with its checkpoints, and what its alerts say, whatever the order of the plan's parts.
private final class Feed {
    let engine: PartitionEngine
    private var output = EngineOutput(partition: 0)
    var offset = 0

    init(_ file: File, capacity: Int = 16) throws {
        engine = try PartitionEngine(plan: file.plan(), models: [:], partition: 0, capacity: capacity)
    }

    func take(_ lines: ArraySlice<String>) {
        for start in stride(from: lines.startIndex, to: lines.endIndex, by: engine.capacity) {
            let part = Array(lines[start..<min(start + engine.capacity, lines.endIndex)])
            let batch = decode(part, plan: engine.plan)
            part.indices.map { Int32($0) }.withUnsafeBufferPointer {
                engine.process(batch, rows: $0, baseOffset: LogOffset(Int64(offset)), emits: true, into: &output)
            }
            offset += part.count
        }
    }

    func save(_ store: CheckpointStore) throws {
        let image = engine.beginImage(offset: Int64(offset), all: false)
        #expect(engine.fillImage(image, bytes: .max))
        try store.install(image)
    }

    /// What has happened since the last call.
    func alerts() -> [String: [String]] {
        defer { output.removeAll() }
        let names = engine.plan.features.map(\.name)
        return output.alerts.reduce(into: [:]) { found, alert in
            let features = zip(names, alert.features).map { "\($0) \($1)" }.sorted()
            found[alert.id] =
                [
                    "\(alert.detector.name) \(alert.detector.entity) \(alert.entityKey) \(alert.score)",
                    "\(alert.eventCount) \(alert.amount) \(alert.firstTime) \(alert.lastTime) \(alert.openedOffset)",
                    "\(alert.revisions) \(alert.isEnded)",
                ] + features
        }
    }
}

private func folder() -> CheckpointStore {
    CheckpointStore(directory: "state/t", fingerprint: nil, store: CrashingStore())
}

/// Checkpoints know their tables by what is in them.
@Suite struct StatePartsTests {
    /// Goes on from one order's checkpoint in another one, again and again, as if it had never stopped; with all state in
    /// memory or most of it on disk.
    @Test(arguments: Seeds.upTo(30))
    func theOrderOfPartsDoesNotMatter(seed: UInt64) throws {
        let lines = stream(seed, count: 900)
        let orders = [File(), File().turned, File().turned.turned]
        let whole = try Feed(orders[Int(seed % 3)])
        let store = folder()
        var (at, compared) = (0, 0)
        for step in 0..<6 {
            let feed = try Feed(orders[(step + Int(seed)) % 3])
            if step > 0 {
                let restored = try #require(try store.restore(upTo: .max).restored)
                #expect(try feed.engine.restore(restored, from: store, limit: seed % 2 == 0 ? nil : 4096).isEmpty)
                feed.offset = Int(restored.offset)
            }
            for _ in 0..<2 {
                whole.take(lines[at..<at + 75])
                feed.take(lines[at..<at + 75])
                at += 75
                try feed.save(store)
                if seed % 2 == 1 { feed.engine.spill(to: store, limit: 4096) }
            }
            let found = feed.alerts()
            compared += found.count
            #expect(found == whole.alerts())
            #expect(feed.engine.coldFailure == nil)
        }
        #expect(compared > 30)
    }

    /// What the checkpoint has of other parts is left, what it does not have is told, and the rest is restored.
    @Test func partsAreRestoredByThemselves() throws {
        let lines = stream(3, count: 600)
        var other = File().turned
        // One detector is gone, one is another one, one feature is new, over events that were not kept.
        other.rules.remove(at: 1)
        other.rules.append([("name", "any"), ("when", "amount > 390"), ("entity", "who"), ("session", "10m")])
        other.features.append(("worth", "sum(place, 1h, amount)"))
        let store = folder()
        let first = try Feed(File())
        first.take(lines[..<400])
        try first.save(store)
        let restored = try #require(try store.restore(upTo: .max).restored)
        let feed = try Feed(other)
        let plan = feed.engine.plan
        let missing = try feed.engine.restore(restored, from: store, limit: nil)
        let place = try #require(plan.entities.firstIndex { $0.name == "place" })
        // Every alert lists the new feature: those of before are not what they were.
        #expect(Set(missing) == [.events(place), .alerts(0), .alerts(1), .alerts(2)])
        var compared = 0
        for entity in plan.entities.indices {
            let own = try #require(first.engine.plan.entities.firstIndex { $0.name == plan.entities[entity].name })
            #expect(feed.engine.keys(entity: entity).isEmpty == (entity == place))
            for key in feed.engine.keys(entity: entity) {
                let known = first.engine.events(entity: own, key: key).map(\.offset)
                #expect(feed.engine.events(entity: entity, key: key).map(\.offset) == known)
                compared += known.count
            }
        }
        #expect(compared > 100)
        // What was left is not there the next time, whatever has its number by then.
        feed.offset = 400
        feed.take(lines[400...])
        try feed.save(store)
        let again = try #require(try store.restore(upTo: .max).restored)
        let back = try Feed(File())
        let gone = Set(try back.engine.restore(again, from: store, limit: nil))
        #expect(gone == [.events(1), .alerts(0), .alerts(1), .alerts(2)])
        let same = try Feed(other)
        #expect(try same.engine.restore(again, from: store, limit: nil).isEmpty)
    }

    /// A table that the pipeline does not know hides nothing of the others.
    @Test func anUnknownTableIsLeft() throws {
        let lines = stream(5, count: 500)
        let (whole, first, store) = (try Feed(File()), try Feed(File()), folder())
        whole.take(lines[..<300])
        first.take(lines[..<300])
        try first.save(store)
        var restored = try #require(try store.restore(upTo: .max).restored)
        let detector = try #require(restored.tables?.first { $0.key.number == 0x8002 })
        restored.tables?[detector.key] = StateTableName("alerts of who knows what")
        let feed = try Feed(File())
        #expect(try feed.engine.restore(restored, from: store, limit: nil) == [.alerts(2)])
        feed.offset = 300
        _ = whole.alerts()
        whole.take(lines[300...])
        feed.take(lines[300...])
        let (found, wanted) = (feed.alerts(), whole.alerts())
        let others = { (alert: [String]) in !alert[0].hasPrefix("crowd") }
        #expect(found.values.contains(where: others) && found.filter { others($1) } == wanted.filter { others($1) })
        #expect(found != wanted)
    }

    /// Two names in each other's place are found: by the values, or by the alerts that come of it.
    @Test(arguments: [(0x8000, 0x8001), (0x8001, 0x8002), (0, 2), (0, 1)] as [(UInt16, UInt16)])
    func swappedNamesAreFound(one: UInt16, other: UInt16) throws {
        let lines = stream(7, count: 600)
        let (whole, first, store) = (try Feed(File()), try Feed(File()), folder())
        whole.take(lines[..<400])
        first.take(lines[..<400])
        try first.save(store)
        _ = whole.alerts()
        whole.take(lines[400...])
        let wanted = whole.alerts()
        func goOn(_ change: (inout RestoredState) -> Void) throws -> Bool {
            var restored = try #require(try store.restore(upTo: .max).restored)
            change(&restored)
            let feed = try Feed(File().turned)
            do throws(ColdError) {
                guard try feed.engine.restore(restored, from: store, limit: nil).isEmpty else { return false }
            } catch {
                return false
            }
            feed.offset = 400
            feed.take(lines[400...])
            return feed.alerts() == wanted
        }
        #expect(try goOn { _ in })
        #expect(
            try !goOn { restored in
                let tables = restored.tables ?? [:]
                restored.tables?[StateTable(one)] = tables[StateTable(other)]
                restored.tables?[StateTable(other)] = tables[StateTable(one)]
            }
        )
    }

    /// As versions wrote it that had no names: usable in the same order, by the numbers.
    @Test func withoutNamesTheNumbersCount() throws {
        let lines = stream(9, count: 600)
        let (whole, first, store) = (try Feed(File()), try Feed(File()), folder())
        whole.take(lines[..<400])
        first.take(lines[..<400])
        try first.save(store)
        var restored = try #require(try store.restore(upTo: .max).restored)
        let clock = try #require(restored.sections["clock"])
        restored.sections = ["": clock + [1, 2, 3]]
        restored.tables = nil
        let feed = try Feed(File())
        #expect(try feed.engine.restore(restored, from: store, limit: nil).isEmpty)
        feed.offset = 400
        _ = whole.alerts()
        whole.take(lines[400...])
        feed.take(lines[400...])
        #expect(feed.alerts() == whole.alerts())
    }
}
