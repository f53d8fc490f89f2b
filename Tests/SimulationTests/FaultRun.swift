import AlertStore
import Base
import EventLog
import FileStore
import TestKit

/// A scripted run in which one call of the log, the checkpoints or SQLite meets a fault: the process ends there, or by the
/// error it gets; the machine may lose its power; the next process goes on, and in the end everything must be as in a run
/// without faults.
struct FaultRun {
    /// Which fault befalls which call; everything else that is random follows from the seed.
    struct Point: CustomStringConvertible {
        var call: Int
        var fault: DiskFault
        var seed: UInt64
        /// A second fault, so many calls behind the first one, in the same process or in the next.
        var second: (call: Int, fault: DiskFault)?

        /// As `PATTERNALARM_FAULT` takes it.
        var description: String {
            "\(call) \(fault.rawValue) \(seed)" + (second.map { " \($0.call) \($0.fault.rawValue)" } ?? "")
        }

        init(call: Int, fault: DiskFault, seed: UInt64) {
            self.call = call
            self.fault = fault
            self.seed = seed
        }

        /// Nil if the words are no point.
        init?(_ words: String) {
            let parts = words.split(separator: " ")
            guard parts.count == 3 || parts.count == 5, let call = Int(parts[0]), let seed = UInt64(parts[2]),
                let fault = DiskFault(rawValue: String(parts[1]))
            else { return nil }
            self.init(call: call, fault: fault, seed: seed)
            guard parts.count == 5 else { return }
            guard let call = Int(parts[3]), let fault = DiskFault(rawValue: String(parts[4])) else { return nil }
            second = (call, fault)
        }
    }

    struct Difference: Error, CustomStringConvertible {
        var point: Point
        var words: String

        var description: String { "PATTERNALARM_FAULT='\(point)': \(words)" }
    }

    private(set) var strikes = 0
    private(set) var endedProcesses = 0
    private(set) var powerCuts = 0
    /// What the last process that ended has said.
    private(set) var lastEnd = ""

    private let script: Script
    private let expected: String
    private let bug: Script.Bug
    private let point: Point
    private let store: CrashingStore
    private let vfs: SimulatedVFS
    private var random: Seeded
    private var promises = Promises()

    /// - Parameters:
    ///   - script: What the processes do.
    ///   - expected: The digest of its alerts file without faults.
    ///   - point: Where the fault is.
    ///   - bug: What is wrong on purpose.
    init(_ script: Script, expected: String, at point: Point, bug: Script.Bug = .none) {
        self.script = script
        self.expected = expected
        self.point = point
        self.bug = bug
        random = Seeded(seed: point.seed &* 1_000_003 &+ UInt64(point.call))
        store = CrashingStore(seed: random.next())
        vfs = SimulatedVFS(store)
        if bug == .lyingSync { store.setLying() }
    }

    /// The script without faults: its calls, and the digest in the end.
    static func undisturbed(_ script: Script) throws -> (calls: [DiskCall], digest: String) {
        let store = CrashingStore()
        let vfs = SimulatedVFS(store)
        var promises = Promises()
        let process = try ScriptedProcess(script, on: store, vfs, bug: .none, after: promises)
        try process.run(noting: &promises)
        let digest = try process.database.digest()
        try process.database.close()
        return (store.calls, digest)
    }

    /// - Throws: ``Difference`` if anything is other than without faults.
    mutating func run() throws {
        store.inject(point.fault, atCall: point.call)
        if let second = point.second { store.inject(second.fault, atCall: point.call + second.call) }
        for _ in 0..<(point.second == nil ? 1 : 2) {
            try process(mayFail: true)
            next()
        }
        strikes = store.strikes
        store.spare()
        try process(mayFail: false)
        try compareLog()
    }

    /// The process is gone, and often the machine, too. What a lost sync has left shows if it goes later.
    private mutating func next() {
        let cuts = point.fault == .lostSync && point.second != nil ? store.strikes > 1 : random.below(3) == 0
        if bug == .lyingSync || cuts {
            store.cutPower()
            powerCuts += 1
        } else {
            store.restart()
        }
    }

    private mutating func process(mayFail: Bool) throws {
        do {
            let process = try ScriptedProcess(script, on: store, vfs, bug: bug, after: promises)
            try process.run(noting: &promises)
            try compare(process.database, isLast: !mayFail)
            try process.database.close()
        } catch let broken as ScriptedProcess.Broken {
            throw difference(broken.words)
        } catch let difference as Difference {
            throw difference
        } catch {
            guard mayFail, store.strikes > 0 else { throw difference("an error without a fault: \(error)") }
            endedProcesses += 1
            lastEnd = "\(error)"
        }
    }

    private func compare(_ database: AlertDatabase, isLast: Bool) throws {
        let digest = try database.digest()
        guard digest == expected else {
            throw difference("the digest is \(digest.prefix(12)), not \(expected.prefix(12))")
        }
        // Before, the disk may still refuse to read, and a check of the file says so as if it were damaged.
        if isLast, let fault = try database.faults().first { throw difference("the alerts file: \(fault)") }
        let notes = Set(try database.triage(of: ScriptedProcess.noted).compactMap(\.note))
        let lost = promises.notes.subtracting(notes)
        guard lost.isEmpty else { throw difference("decisions are lost: \(lost.sorted())") }
    }

    private func compareLog() throws {
        for partition in script.rows.indices {
            let reader = PartitionReader(directory: "log/t-\(partition)", store: store)
            let records = RecordBatch()
            var found: [String] = []
            while try reader.next(into: records) {
                for record in records.records {
                    found.append(String(decoding: records.bytes[record.value], as: UTF8.self))
                }
            }
            let lines = script.lines(ofPartition: partition)
            guard found == lines else {
                throw difference(
                    "the log of partition \(partition) has \(found.count) events, not \(lines.count), or others"
                )
            }
        }
    }

    private func difference(_ words: String) -> Difference { Difference(point: point, words: words) }
}
