import Base
import Engine
import FileStore
import Foundation
import Plan
import StateStore
import TestKit
import Testing

/// An engine of few kinds of state, all of which grow with the keys: windows, ids, alerts that stay open.
private func plan() -> PipelinePlan {
    var plan = testPlan()
    plan.duplicatesWithin = 3_600_000_000
    let window = Window(entity: 0, kind: .sliding(size: 3_600_000_000))
    for function in [Aggregate.Function.sum, .max, .std] {
        plan.features.append(Feature(name: "\(function)", expression: .aggregate(plan.aggregates.count)))
        plan.aggregates.append(Aggregate(window: window, function: function, argument: .field(3, .number)))
    }
    plan.detectors.append(
        Detector(
            name: "large",
            kind: .rule(condition: .binary(.greaterOrEqual, .field(3, .number), .number(900)), score: 0.8),
            entity: 0,
            sessionGap: 3_600_000_000
        )
    )
    return plan
}

/// Feeds lines to an engine, batch after batch.
private final class Feed {
    let engine: PartitionEngine
    private(set) var output = EngineOutput(partition: 0)
    private(set) var offset = 0

    init(capacity: Int, evidenceBytes: Int = 64 << 20) throws {
        engine = try PartitionEngine(
            plan: plan(),
            models: [:],
            partition: 0,
            capacity: capacity,
            evidenceBytes: evidenceBytes
        )
    }

    func take(_ lines: [String]) {
        let batch = decode(lines, plan: engine.plan)
        let rows = lines.indices.map { Int32($0) }
        rows.withUnsafeBufferPointer {
            engine.process(batch, rows: $0, baseOffset: LogOffset(Int64(offset)), emits: true, into: &output)
        }
        offset += lines.count
    }

    func forgetOutput() { output.removeAll() }

    /// A checkpoint of what has changed, then few keys and ids are left in memory.
    func spill(to checkpoints: CheckpointStore, limit: Int) throws {
        let image = engine.beginImage(offset: Int64(offset), all: false)
        while !engine.fillImage(image, bytes: 1 << 20) {}
        try checkpoints.install(image)
        engine.spill(to: checkpoints, limit: limit)
    }
}

private func line(_ number: Int, id: Int, actor: Int, amount: Int) -> String {
    #"{"id":"event number \#(id)","at":\#(1_772_438_400 + number / 500),"actor":"A\#(actor)","amount":\#(amount),"truth":"x"}"#
}

@Suite struct StateMemoryTests {
    /// What the engine says of its memory is what the C library has handed out for it: when it has grown, when most of its keys
    /// have been given up, and when others have come.
    @Test func whatIsCountedIsWhatIsAllocated() async {
        // In a process of its own: other tests allocate, too.
        await #expect(processExitsWith: .success) {
            let folder = FileManager.default.temporaryDirectory.path + "/patternalarm-memory-\(UUID().uuidString)"
            defer { #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: folder) } }
            let checkpoints = CheckpointStore(
                directory: "state/t",
                fingerprint: nil,
                store: DiskStore(root: folder),
                filterBytes: 4 << 20
            )
            let feed = try Feed(capacity: 1000, evidenceBytes: 4 << 20)
            var random = Seeded(seed: 1)
            func take(_ batches: Int) {
                for _ in 0..<batches {
                    let first = feed.offset
                    feed.take(
                        (first..<first + 1000).map {
                            let actor = random.below(4) == 0 ? random.below($0 + 1) : $0
                            return line($0, id: $0, actor: actor, amount: random.below(950))
                        }
                    )
                    feed.forgetOutput()
                }
            }
            take(1)
            let before = Allocated.bytes()
            func counted() -> Int { feed.engine.stateBytes + feed.engine.evidenceBytes + checkpoints.heldBytes }
            let base = counted()
            func compare(_ moment: String) {
                let (real, said) = (Allocated.bytes() - before, counted() - base)
                #expect(real > 10 << 20, "Enough to measure.")
                // Arrays grow by a quarter before they are filled.
                #expect(
                    Double(said) > Double(real) * 0.75 && Double(said) < Double(real) * 1.1,
                    "\(moment): \(said) of \(real)"
                )
            }
            take(100)
            compare("filled")
            for _ in 0..<3 { try feed.spill(to: checkpoints, limit: 8 << 20) }
            compare("spilled")
            take(60)
            compare("filled again")
        }
    }

    /// Giving up keys and ids at any time changes no verdict, no alert and no piece of evidence.
    @Test(arguments: Seeds.upTo(40))
    func whatWasGivenUpIsFoundAgain(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        let checkpoints = CheckpointStore(
            directory: "state/t",
            fingerprint: nil,
            store: CrashingStore(),
            filterBytes: Int(seed % 2) << 20
        )
        let (whole, small) = (try Feed(capacity: 32), try Feed(capacity: 32))
        var oldest = 0
        while whole.offset < 1500 {
            let lines = (0..<1 + random.below(32)).map { index -> String in
                let number = whole.offset + index
                // Ids come back after one event or after all of them.
                let id = random.below(4) == 0 ? random.below(number + 1) : number
                return line(number, id: id, actor: random.below(200), amount: random.below(950))
            }
            whole.take(lines)
            small.take(lines)
            if random.below(3) == 0 { try small.spill(to: checkpoints, limit: random.below(4000)) }
            #expect(small.engine.coldFailure == nil)
        }
        for duplicate in whole.output.duplicates { oldest = max(oldest, Int(duplicate.offset - duplicate.firstOffset)) }
        #expect(oldest > 1000)
        #expect(small.engine.keyCounts.spilled > 100)
        #expect(small.output.ledger == whole.output.ledger)
        #expect(small.output.duplicates == whole.output.duplicates)
        // As text: a feature may be NaN, which equals nothing.
        #expect(small.output.alerts.map { "\($0)" } == whole.output.alerts.map { "\($0)" })
    }
}

/// What the C library has handed out, by its own account.
private enum Allocated {
    /// Bytes of all blocks that are in use.
    static func bytes() -> Int {
        typealias Report = @convention(c) (Int32, UnsafeMutablePointer<FILE>) -> Int32
        guard let symbol = dlsym(nil, "malloc_info"), let file = tmpfile() else { return 0 }
        defer { fclose(file) }
        guard unsafeBitCast(symbol, to: Report.self)(0, file) == 0 else { return 0 }
        rewind(file)
        var text = [UInt8](repeating: 0, count: 1 << 20)
        text.removeLast(text.count - fread(&text, 1, text.count, file))
        let report = String(decoding: text, as: UTF8.self)
        // The last ones are the sums over all arenas.
        func last(_ name: String) -> Int {
            guard let start = report.range(of: name, options: .backwards),
                let size = report.range(of: "size=\"", range: start.upperBound..<report.endIndex)
            else { return 0 }
            return Int(report[size.upperBound...].prefix { $0 != "\"" }) ?? 0
        }
        let free = last("<total type=\"fast\"") + last("<total type=\"rest\"")
        return last("<system type=\"current\"") - free + last("<total type=\"mmap\"")
    }
}
