import Base
import EventLog
public import FileStore
public import Models
public import Plan
import StateStore

/// A partition that is only looked at: the state as of an offset, or everything that its events lead to, made from the
/// log again. Needs no lock and changes nothing; a writer may be at work.
public final class PartitionView {
    public let partition: Int
    public let engine: PartitionEngine
    /// The events before this offset are in the engine's state.
    public private(set) var nextOffset: Int64 = 0
    /// Whether an event that is missing is a failure.
    private var isContinuous = false
    private let plan: PipelinePlan
    private let directory: String
    private let store: any FileStore
    private let checkpoints: CheckpointStore
    private let replay: LogReplay
    private let evidence: EvidenceReader

    /// Opens a partition for reading only, beside whoever may write to it. Throws ``RunnerError``.
    public init(
        plan: PipelinePlan,
        partition: Int,
        models: [Int: ModelBinding],
        topic: String,
        fingerprint: StateFingerprint,
        store: any FileStore
    ) throws(RunnerError) {
        self.plan = plan
        self.partition = partition
        self.store = store
        let name = "\(topic)-\(partition)"
        directory = "log/" + name
        checkpoints = CheckpointStore(directory: "state/" + name, fingerprint: fingerprint, store: store)
        replay = LogReplay(plan: plan)
        evidence = EvidenceReader(plan: plan)
        do throws(EngineError) {
            let capacity = PartitionRunner.capacity
            engine = try PartitionEngine(plan: plan, models: models, partition: partition, capacity: capacity)
        } catch {
            throw .engine(error)
        }
    }

    /// Starts from the newest checkpoint at or before an offset, if there is one; returns what a person should know.
    public func restore(upTo offset: Int64) throws(RunnerError) -> [String] {
        let found: (restored: CheckpointStore.Restored?, notes: [String])
        do throws(FileError) { found = try checkpoints.restore(upTo: offset) } catch { throw .state(.file(error)) }
        guard let restored = found.restored else { return found.notes }
        try restore(restored)
        nextOffset = restored.offset
        return found.notes
    }

    /// Starts from the oldest checkpoint at an offset of a range; false if there is none.
    public func restore(oldestAt offsets: ClosedRange<Int64>) throws(RunnerError) -> Bool {
        let found: (restored: CheckpointStore.Restored?, notes: [String])
        do throws(FileError) { found = try checkpoints.restore(at: offsets, oldestFirst: true) } catch {
            throw .state(.file(error))
        }
        guard let restored = found.restored else { return false }
        try restore(restored)
        begin(at: restored.offset)
        return true
    }

    private func restore(_ restored: CheckpointStore.Restored) throws(RunnerError) {
        do throws(StateError) {
            let missing = try engine.restore(restored, from: checkpoints, limit: nil)
            guard missing.isEmpty else {
                throw .damaged(file: checkpoints.directory, words: "\(missing.count) parts of the state are missing")
            }
        } catch {
            throw .state(error)
        }
    }

    /// Makes an offset the next one: the log must have it.
    public func begin(at offset: Int64) {
        nextOffset = offset
        isContinuous = true
    }

    /// Reads on in the log up to an offset, or to the first event stamped at or after a time (microseconds), or to its
    /// end.
    ///
    /// - Parameters:
    ///   - offset: where to stop at the latest.
    ///   - time: event time to stop at; nil = none.
    ///   - sink: what takes everything that is found, in stretches; nil = nothing is noted.
    ///   - progress: called now and then with the offset reached.
    /// - Throws: ``RunnerError``
    public func advance(
        to offset: Int64 = .max,
        before time: Int64? = nil,
        into sink: (any AlertSink)? = nil,
        progress: (Int64) -> Void = { _ in }
    ) throws(RunnerError) {
        let reader = PartitionReader(directory: directory, store: store, from: LogOffset(nextOffset))
        let records = RecordBatch()
        var output = EngineOutput(partition: partition)
        var hasEnded = false
        while !hasEnded, nextOffset < offset, try logging({ () throws(LogError) in try reader.next(into: records) }) {
            if isContinuous, records.baseOffset > nextOffset {
                throw .gone(directory: directory, offset: nextOffset, next: records.baseOffset)
            }
            _ = try replay.pieces(of: records, from: nextOffset, borders: [offset]) { piece throws(RunnerError) in
                guard !hasEnded, piece.baseOffset < offset else { return }
                let batch = replay.batch
                var count = piece.count
                if let time {
                    let stop = (0..<count).first { batch.status[$0] == 0 && batch.times[$0] >= time }
                    if let stop {
                        count = stop
                        hasEnded = true
                    }
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
            progress(nextOffset)
            if let sink, output.ledger.events >= 1 << 17 || output.isFull { try commit(&output, sink) }
        }
        if let sink { try commit(&output, sink) }
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
            try evidence.complete(&found) { PartitionReader(directory: directory, store: store, from: $0) }
        }
        return found.payload
    }

    private func commit(_ output: inout EngineOutput, _ sink: any AlertSink) throws(RunnerError) {
        guard output.ledger.events > 0 else { return }
        try evidence.commit(&output, to: sink) { offset in
            PartitionReader(directory: directory, store: store, from: offset)
        }
        output.removeAll()
    }
}
