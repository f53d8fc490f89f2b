import Base
import Engine
import Plan
import State
import StateStore
import TestKit
import Testing

/// Few actors whose sessions end and begin again, ids that come back soon and late, disorder.
private func stream(_ seed: UInt64, count: Int) -> [String] {
    var random = Seeded(seed: seed)
    var now = 1_772_438_400
    return (0..<count).map { _ in
        now += random.below(4) + (random.below(40) == 0 ? 60 : 0)
        let time = now - (random.below(8) == 0 ? random.below(9) : 0)
        let amount = random.below(1000)
        return
            #"{"id":"e\#(random.below(60))","at":\#(time),"actor":"A\#(random.below(30))","amount":\#(amount),"truth":"x"}"#
    }
}

private func plan() -> PipelinePlan {
    var plan = testPlan()
    plan.duplicatesWithin = 30_000_000
    return plan
}

/// An engine, and what its images add up to.
private final class Imaged {
    let engine: PartitionEngine
    let checkpoints = CheckpointStore(directory: "state/t", fingerprint: nil, store: CrashingStore())
    private var output = EngineOutput(partition: 0)
    private(set) var offset = 0

    init(capacity: Int) throws {
        engine = try PartitionEngine(plan: plan(), models: [:], partition: 0, capacity: capacity)
    }

    func take(_ lines: ArraySlice<String>) {
        let batch = decode(Array(lines), plan: engine.plan)
        let rows = lines.indices.map { Int32($0 - lines.startIndex) }
        rows.withUnsafeBufferPointer {
            engine.process(batch, rows: $0, baseOffset: LogOffset(Int64(offset)), emits: true, into: &output)
        }
        offset += lines.count
    }

    /// Every record of the last checkpoint: of a key that is there more than once, the newest.
    func contents() throws -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        try checkpoints.visit { record in
            let name = "\(record.table.number) \(record.key.low) \(record.key.high)"
            if found[name] == nil {
                found[name] = withUnsafeBytes(of: record.time) { Array($0) } + Array(record.value)
            }
            return true
        }
        return found
    }
}

@Suite struct ImageTests {
    /// An image that is filled while events go on changing, ending and reviving keys holds what one holds that was copied in
    /// one go at the moment when it was begun.
    @Test(arguments: Seeds.upTo(60))
    func filledSlowlyIsFilledAtOnce(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        let lines = stream(seed, count: 700)
        let slow = try Imaged(capacity: 16)
        let quick = try Imaged(capacity: 16)
        var compared = 0
        // Both see the same batches: a key's old rows are dropped as of the beginning of a batch.
        var cuts: [Int] = []
        func step() {
            let count = min(1 + random.below(16), lines.count - slow.offset)
            slow.take(lines[slow.offset..<slow.offset + count])
            cuts.append(count)
        }
        while slow.offset < lines.count {
            for _ in 0..<random.below(6) { step() }
            for count in cuts { quick.take(lines[quick.offset..<quick.offset + count]) }
            cuts = []
            let all = random.below(5) == 0
            let image = slow.engine.beginImage(offset: Int64(slow.offset), all: all)
            let whole = quick.engine.beginImage(offset: Int64(quick.offset), all: all)
            #expect(quick.engine.fillImage(whole, bytes: .max))
            while slow.offset < lines.count, !slow.engine.fillImage(image, bytes: 1 + random.below(120)) {
                step()
            }
            while !slow.engine.fillImage(image, bytes: 1) {}
            try slow.checkpoints.install(image)
            try quick.checkpoints.install(whole)
            let found = try slow.contents()
            #expect(found == (try quick.contents()))
            compared += found.count
        }
        #expect(compared > 200)
    }
}
