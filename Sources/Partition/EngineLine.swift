import Base
import Engine
import EventLog
import Plan
import State
import StateStore

/// The engines of one partition, one behind the other as activations put their definitions in force, with what reads
/// the log for each: between two events the next one takes over the state of the one before it (C11).
final class EngineLine {
    private let partition: Int
    private let evidenceBytes: Int
    private(set) var schedule: DefinitionSchedule
    /// Which of the schedule's entries is in force.
    private var place = 0
    private(set) var engine: PartitionEngine
    private(set) var replay: LogReplay
    private(set) var evidence: EvidenceReader

    /// The section of a checkpoint that says under which activation its state is: a decimal number.
    static let section = "activation"

    /// The first engine of the schedule, without state.
    init(_ schedule: DefinitionSchedule, partition: Int, evidenceBytes: Int) throws(RunnerError) {
        self.schedule = schedule
        self.partition = partition
        self.evidenceBytes = evidenceBytes
        let definitions = schedule.entries[0].definitions
        engine = try NextEngine.engine(definitions, partition: partition, evidenceBytes: evidenceBytes)
        replay = LogReplay(plan: definitions.plan)
        evidence = EvidenceReader(plan: definitions.plan)
    }

    /// What is in force.
    var definitions: Definitions { schedule.entries[place].definitions }

    /// The offset from which on the next definitions hold; nil if there are none.
    var boundary: Int64? { place + 1 < schedule.entries.count ? schedule.entries[place + 1].from : nil }

    /// The activation behind the boundary.
    var nextActivation: Int? {
        place + 1 < schedule.entries.count ? schedule.entries[place + 1].definitions.activation : nil
    }

    /// Begins with the definitions that a checkpoint's state is of, without their state.
    ///
    /// - Parameter section: What the checkpoint says; nil if it is of an earlier version: then it is of the first ones.
    /// - Returns: False if they are not of this schedule.
    /// - Throws: ``RunnerError/engine(_:)``
    func begin(with section: [UInt8]?) throws(RunnerError) -> Bool {
        let number = section.flatMap { Int(String(decoding: $0, as: UTF8.self)) }
        guard section == nil || number != nil else { return false }
        let found = schedule.entries.firstIndex { $0.definitions.activation == number ?? $0.definitions.activation }
        guard let found else { return false }
        place = found
        use(try NextEngine.engine(definitions, partition: partition, evidenceBytes: evidenceBytes))
        return true
    }

    /// Begins with the definitions that are in force at an offset, without their state.
    func begin(at offset: Int64) throws(RunnerError) {
        place = schedule.entries.lastIndex { $0.from <= offset } ?? 0
        use(try NextEngine.engine(definitions, partition: partition, evidenceBytes: evidenceBytes))
    }

    /// What a checkpoint of the state says.
    var sectionBytes: [UInt8] { Array("\(definitions.activation)".utf8) }

    /// Makes the engine of the definitions behind the boundary, with what it misses up to there.
    ///
    /// - Parameters:
    ///   - logStart: The offset that the log begins at.
    ///   - reader: Reads the log from an offset on.
    /// - Returns: An engine that can take over.
    /// - Throws: ``RunnerError``
    func makeNext(
        logStart: LogOffset,
        reader: (LogOffset) -> PartitionReader
    ) throws(RunnerError) -> NextEngine {
        precondition(place + 1 < schedule.entries.count, "There is something to come.")
        let entry = schedule.entries[place + 1]
        let next = try NextEngine(
            entry.definitions,
            behind: engine,
            partition: partition,
            logStart: logStart.rawValue,
            evidenceBytes: evidenceBytes
        )
        try next.gather(to: entry.from, from: reader(logStart))
        return next
    }

    /// Adds definitions that hold from an offset on, which the engine has reached;
    /// ``pass(to:tables:checkpoints:emits:into:reader:)`` comes next.
    func add(_ entry: DefinitionSchedule.Entry) {
        precondition(boundary == nil, "The last definitions are in force.")
        schedule.add(entry)
    }

    /// The engine of the next definitions takes over: it has gathered from the log what it misses, up to the boundary.
    ///
    /// - Parameters:
    ///   - next: That engine.
    ///   - tables: Tables that checkpoints know.
    ///   - checkpoints: Where state is that was given up.
    ///   - emits: Whether the ends of alerts are noted whose detectors are no longer in force.
    ///   - output: What is noted is added to it.
    ///   - reader: Reads the log from an offset on.
    /// - Returns: Tables that checkpoints know by other names from now on.
    /// - Throws: ``RunnerError/unread(_:)`` if an open alert cannot be taken over; what the log says.
    func pass(
        to next: NextEngine,
        tables: Set<StateTable>,
        checkpoints: CheckpointStore,
        emits: Bool,
        into output: inout EngineOutput,
        reader: (LogOffset) -> PartitionReader
    ) throws(RunnerError) -> [StateTable: StateTableName] {
        precondition(next.definitions.activation == nextActivation, "No activation is left out.")
        precondition(next.isWhole(at: boundary ?? 0), "The next engine has what it misses.")
        // What waits for a commit is read as it was when it happened.
        if definitions.plan.schema != next.definitions.plan.schema {
            try logging { () throws(LogError) in try evidence.finish(&output, reader: reader) }
        }
        let renamed = next.engine.takeOver(
            from: engine,
            next.succession,
            tables: tables,
            emits: emits,
            into: &output
        )
        if let failure = engine.coldFailure { throw .unread(StateError(failure, in: checkpoints)) }
        place += 1
        output.activation = definitions.activation
        use(next.engine)
        return renamed
    }

    private func use(_ engine: PartitionEngine) {
        self.engine = engine
        replay = LogReplay(plan: engine.plan)
        evidence = EvidenceReader(plan: engine.plan)
    }
}

extension RestoredState {
    /// Under which activation the state is; nil if an earlier version wrote it.
    var activation: [UInt8]? { sections[EngineLine.section] }
}
