import Engine
public import EventLog

/// The engine of definitions that are to come into force, while it gathers from the log what the engine in force does
/// not have, and only that. Used by one thread at a time, which may be another than the partition's: it knows nothing
/// of the engine in force but what that is made of.
public final class NextEngine: @unchecked Sendable {
    // Handed over whole from the thread that gathers to the partition's.

    public let definitions: Definitions
    let engine: PartitionEngine
    let succession: PartitionEngine.Succession
    private let replay: LogReplay
    private let records = RecordBatch()
    /// The offset that the log begins at.
    public let logStart: Int64
    /// The events before this offset have been gathered.
    public private(set) var offset: Int64

    /// - Parameters:
    ///   - definitions: What is to come into force.
    ///   - other: The engine in force; only its definitions are looked at.
    ///   - partition: The partition.
    ///   - logStart: The offset that the log begins at.
    ///   - evidenceBytes: Bytes of recent events that are held for alerts.
    /// - Throws: ``RunnerError/engine(_:)``
    init(
        _ definitions: Definitions,
        behind other: PartitionEngine,
        partition: Int,
        logStart: Int64,
        evidenceBytes: Int
    ) throws(RunnerError) {
        self.definitions = definitions
        engine = try Self.engine(definitions, partition: partition, evidenceBytes: evidenceBytes)
        succession = engine.succession(after: other)
        replay = LogReplay(plan: definitions.plan)
        self.logStart = logStart
        offset = logStart
    }

    /// The engine of definitions, without state.
    static func engine(
        _ definitions: Definitions,
        partition: Int,
        evidenceBytes: Int
    ) throws(RunnerError) -> PartitionEngine {
        do throws(EngineError) {
            return try PartitionEngine(
                plan: definitions.plan,
                models: definitions.models,
                partition: partition,
                capacity: PartitionRunner.capacity,
                activation: definitions.activation,
                evidenceBytes: evidenceBytes
            )
        } catch {
            throw .engine(error)
        }
    }

    /// Whether something has to be read from the log at all.
    public var gathers: Bool { !succession.isWhole }

    /// Whether the engine can take over at an offset.
    func isWhole(at offset: Int64) -> Bool { succession.isWhole || self.offset == offset }

    /// Gathers on, up to an offset or the end of what the reader has.
    ///
    /// - Parameters:
    ///   - end: Where to stop.
    ///   - reader: Reads the partition's log from ``offset`` on.
    ///   - progress: Called now and then with the offset that is reached; false = stop there.
    /// - Throws: ``RunnerError``
    public func gather(
        to end: Int64,
        from reader: PartitionReader,
        progress: (Int64) -> Bool = { _ in true }
    ) throws(RunnerError) {
        guard !succession.isWhole else { return }
        while offset < end, try logging({ () throws(LogError) in try reader.next(into: records) }) {
            _ = try replay.pieces(of: records, from: offset, to: end, borders: []) { piece throws(RunnerError) in
                let rows = (0..<Int32(piece.count)).map { $0 }
                rows.withUnsafeBufferPointer { rows in
                    engine.gather(
                        replay.batch,
                        rows: rows,
                        baseOffset: piece.baseOffset,
                        isJudged: piece.isJudged,
                        of: succession.missing
                    )
                }
                offset = piece.baseOffset + Int64(piece.count)
            }
            guard progress(offset) else { return }
        }
        // Where the log has nothing more in front of it.
        if end != .max { offset = max(offset, end) }
    }
}
