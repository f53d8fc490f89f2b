import Base
public import Engine
import EventLog
public import FileStore
import Plan
import State
import StateStore

/// A partition that is only looked at: the state as of an offset, or everything that its events lead to, made from the
/// log again. Needs no lock and changes nothing; a writer may be at work.
public final class PartitionView {
    public let partition: Int
    /// As of the definitions in force at ``nextOffset``.
    public var engine: PartitionEngine { line.engine }
    public var definitions: Definitions { line.definitions }
    /// The events before this offset are in the engine's state.
    public private(set) var nextOffset: Int64 = 0
    /// Whether an event that is missing is a failure.
    private var isContinuous = false
    private let directory: String
    private let store: any FileStore
    private let checkpoints: CheckpointStore
    private let line: EngineLine
    /// The activation that a sink knows of.
    private var told = 1

    /// Opens a partition for reading only, beside whoever may write to it. Throws ``RunnerError``.
    public init(
        _ schedule: DefinitionSchedule,
        partition: Int,
        topic: String,
        fingerprint: StateFingerprint,
        store: any FileStore
    ) throws(RunnerError) {
        self.partition = partition
        self.store = store
        let name = "\(topic)-\(partition)"
        directory = "log/" + name
        checkpoints = CheckpointStore(directory: "state/" + name, fingerprint: fingerprint, store: store)
        line = try EngineLine(schedule, partition: partition, evidenceBytes: PartitionRunner.evidenceBytes)
    }

    /// Starts from the newest checkpoint at or before an offset, if there is one; returns what a person should know.
    public func restore(upTo offset: Int64) throws(RunnerError) -> [String] {
        let found: (restored: RestoredState?, notes: [String])
        do throws(FileError) { found = try checkpoints.restore(upTo: offset) } catch { throw .state(.file(error)) }
        guard let restored = found.restored, try restore(restored) else { return found.notes }
        nextOffset = restored.offset
        return found.notes
    }

    /// Starts from the oldest checkpoint at an offset of a range; false if there is none.
    public func restore(oldestAt offsets: ClosedRange<Int64>) throws(RunnerError) -> Bool {
        let found: (restored: RestoredState?, notes: [String])
        do throws(FileError) { found = try checkpoints.restore(at: offsets, oldestFirst: true) } catch {
            throw .state(.file(error))
        }
        guard let restored = found.restored, try restore(restored) else { return false }
        nextOffset = restored.offset
        isContinuous = true
        return true
    }

    /// False if the checkpoint is not of these definitions: nothing is known of the state then.
    private func restore(_ restored: RestoredState) throws(RunnerError) -> Bool {
        guard try line.begin(with: restored.activation) else { return false }
        do throws(ColdError) {
            if try engine.restore(restored, from: checkpoints, limit: nil).isEmpty { return true }
        } catch {
            throw .state(StateError(error, in: checkpoints))
        }
        try line.begin(at: 0)
        return false
    }

    /// Makes an offset the next one, without a state of the events before it: the log must have it.
    public func begin(at offset: Int64) throws(RunnerError) {
        try line.begin(at: offset)
        nextOffset = offset
        isContinuous = true
    }

    /// Reads on in the log up to an offset, or to the first event stamped at or after a time (microseconds), or to its
    /// end.
    ///
    /// - Parameters:
    ///   - offset: where to stop at the latest.
    ///   - activation: the last activation that is passed at that offset.
    ///   - time: event time to stop at; nil = none.
    ///   - sink: what takes everything that is found, in stretches; nil = nothing is noted.
    ///   - progress: called now and then with the offset reached.
    /// - Throws: ``RunnerError``
    public func advance(
        to offset: Int64 = .max,
        activation: Int = .max,
        before time: Int64? = nil,
        into sink: (any AlertSink)? = nil,
        progress: (Int64) -> Void = { _ in }
    ) throws(RunnerError) {
        let reader = reader(from: LogOffset(nextOffset))
        let records = RecordBatch()
        var output = EngineOutput(partition: partition)
        output.nextOffset = nextOffset
        output.activation = definitions.activation
        var hasEnded = false
        while !hasEnded, nextOffset < offset, try logging({ () throws(LogError) in try reader.next(into: records) }) {
            if isContinuous, records.baseOffset > nextOffset {
                throw .gone(directory: directory, offset: nextOffset, next: records.baseOffset)
            }
            try passBoundaries(max(nextOffset, records.baseOffset), sink != nil, &output)
            hasEnded = try process(records, to: min(offset, line.boundary ?? .max), before: time, sink, &output)
            while !hasEnded, let boundary = line.boundary, boundary == nextOffset, boundary < offset {
                try passBoundaries(boundary, sink != nil, &output)
                hasEnded = try process(records, to: min(offset, line.boundary ?? .max), before: time, sink, &output)
            }
            progress(nextOffset)
            if let sink, output.ledger.events >= 1 << 17 || output.isFull { try commit(&output, sink) }
        }
        if !hasEnded { try passBoundaries(min(offset, nextOffset), through: activation, sink != nil, &output) }
        if let sink { try commit(&output, sink) }
    }

    /// Takes the events of a record batch from the next one on; true if one of them is stamped at or after the time.
    private func process(
        _ records: RecordBatch,
        to end: Int64,
        before time: Int64?,
        _ sink: (any AlertSink)?,
        _ output: inout EngineOutput
    ) throws(RunnerError) -> Bool {
        var hasEnded = false
        let replay = line.replay
        _ = try replay.pieces(of: records, from: nextOffset, to: end, borders: []) { piece throws(RunnerError) in
            guard !hasEnded else { return }
            let batch = replay.batch
            var count = piece.count
            if let time, let stop = (0..<count).first(where: { batch.status[$0] == 0 && batch.times[$0] >= time }) {
                count = stop
                hasEnded = true
            }
            let rows = (0..<Int32(count)).map { $0 }
            rows.withUnsafeBufferPointer { rows in
                engine.process(
                    batch,
                    rows: rows,
                    lines: piece.lines,
                    baseOffset: LogOffset(piece.baseOffset),
                    emits: sink != nil,
                    isJudged: piece.isJudged,
                    into: &output
                )
            }
            nextOffset = piece.baseOffset + Int64(count)
        }
        return hasEnded
    }

    /// Passes the boundaries up to an offset, which is reached.
    private func passBoundaries(
        _ offset: Int64,
        through activation: Int = .max,
        _ emits: Bool,
        _ output: inout EngineOutput
    ) throws(RunnerError) {
        while let boundary = line.boundary, boundary <= offset, line.nextActivation ?? .max <= activation {
            let start = try logging { () throws(LogError) in
                try PartitionReader.bounds(directory: directory, store: store).start
            }
            let next = try line.makeNext(logStart: start) { reader(from: $0) }
            // Nothing is written, so that no table has a name to keep.
            _ = try line.pass(
                to: next,
                tables: [],
                checkpoints: checkpoints,
                emits: emits,
                into: &output
            ) { reader(from: $0) }
        }
    }

    private func reader(from offset: LogOffset) -> PartitionReader {
        PartitionReader(directory: directory, store: store, from: offset)
    }

    /// The bytes of an event, as it came; empty if it is no longer kept.
    public func value(at offset: Int64) throws(RunnerError) -> [UInt8] {
        var found = Evidence(
            position: 0,
            offset: offset,
            time: 0,
            eventID: "",
            amount: nil,
            score: nil,
            role: .before,
            payload: []
        )
        try logging { () throws(LogError) in
            try line.evidence.complete(&found) { reader(from: $0) }
        }
        return found.payload
    }

    private func commit(_ output: inout EngineOutput, _ sink: any AlertSink) throws(RunnerError) {
        guard output.ledger.events > 0 || !output.alerts.isEmpty || output.activation > told else { return }
        try line.evidence.commit(&output, to: sink) { reader(from: $0) }
        output.removeAll()
        told = output.activation
    }
}
