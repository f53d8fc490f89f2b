import Base
import Engine
import EventLog
import FileStore
import State
import StateStore

/// Which checkpoint recovery starts from.
public enum CheckpointChoice: Sendable, Equatable {
    case newest
    /// The newest one at or before this offset.
    case notAfter(Int64)
    /// None: the state is made from the log's beginning.
    case none
}

/// What recovery did.
public struct RecoveryNotes: Sendable, Equatable {
    /// The offset of the checkpoint that was used; nil if there was none.
    public var checkpoint: Int64?
    /// Events that were read from the log again.
    public var replayed = 0
    /// What a person should know: damaged checkpoints, events that are gone.
    public var words: [String] = []
}

extension PartitionRunner {
    /// Brings the engine to the log's end: from a checkpoint at or before the committed offset, silently up to that
    /// offset, emitting and committing behind it (C3).
    ///
    /// - Parameters:
    ///   - committed: the offset up to which the sink has everything.
    ///   - activation: which was in force as of what the sink has.
    ///   - choice: which checkpoint to start from.
    ///   - progress: called now and then with the number of events read so far and how many there will be.
    /// - Returns: what was done.
    /// - Throws: ``RunnerError``
    public func recover(
        committed: Int64,
        activation: Int = 1,
        from choice: CheckpointChoice = .newest,
        progress: (Int, Int) -> Void = { _, _ in }
    ) throws(RunnerError) -> RecoveryNotes {
        var notes = RecoveryNotes()
        let start = try restore(committed: min(committed, endOffset), choice, &notes)
        precondition(start >= 0 && start <= endOffset, "Recovery starts in the log.")
        output.nextOffset = start
        committedActivation = activation
        try passBoundaries(upTo: start, committed: committed)
        let reader = log.reader(from: LogOffset(start))
        let records = RecordBatch()
        let total = Int(endOffset - start)
        while try logging({ () throws(LogError) in try reader.next(into: records) }) {
            notes.replayed += try replay(records, from: start, committed: committed)
            progress(notes.replayed, total)
            if uncommittedCount >= 1 << 18 || isFull { try commit() }
        }
        if let boundary = line.boundary {
            throw .ahead(partition: partition, activation: line.nextActivation ?? 0, offset: boundary, end: endOffset)
        }
        try commit()
        return notes
    }

    /// Puts the engine into the state of a checkpoint and returns its offset, or that of the log's first event.
    private func restore(
        committed: Int64,
        _ choice: CheckpointChoice,
        _ notes: inout RecoveryNotes
    ) throws(RunnerError) -> Int64 {
        let limit: Int64
        switch choice {
        case .none: return try startWithout(&notes)
        case .newest: limit = committed
        case .notAfter(let offset): limit = min(offset, committed)
        }
        let found: (restored: RestoredState?, notes: [String])
        do throws(FileError) { found = try checkpoints.restore(upTo: limit) } catch { throw .log(.file(error)) }
        notes.words += found.notes.map { "partition \(partition): \($0)" }
        guard let restored = found.restored, restored.offset >= startOffset,
            try line.begin(with: restored.activation)
        else { return try startAnew(committed: committed, &notes) }
        precondition(restored.offset <= limit, "A checkpoint holds nothing that is not committed (C3).")
        guard try load(restored) else {
            notes.words.append("partition \(partition): the checkpoint does not hold all of this pipeline's state")
            return try startAnew(committed: committed, &notes)
        }
        notes.checkpoint = restored.offset
        return restored.offset
    }

    /// Puts the engine into the state of a checkpoint; false if that lacks parts of it.
    private func load(_ restored: RestoredState) throws(RunnerError) -> Bool {
        do throws(ColdError) {
            guard try engine.restore(restored, from: checkpoints, limit: budget?.state).isEmpty else { return false }
            guard let known = SourceMark.decodeMarks(restored.section(SourceMark.section)) else {
                throw .unfit("the recordings' positions are missing")
            }
            recordings = known
        } catch {
            throw .state(StateError(error, in: checkpoints))
        }
        return true
    }

    /// What is made anew from the log's beginning on is of one piece; what goes on without the state is not.
    private func startAnew(committed: Int64, _ notes: inout RecoveryNotes) throws(RunnerError) -> Int64 {
        guard committed <= startOffset || startOffset == 0 else {
            throw .stateGone(partition: partition, start: startOffset)
        }
        checkpoints.beginAnew()
        return try startWithout(&notes)
    }

    private func startWithout(_ notes: inout RecoveryNotes) throws(RunnerError) -> Int64 {
        try line.begin(at: startOffset)
        if startOffset > 0 {
            notes.words.append(
                "partition \(partition): the log begins at offset \(startOffset) and there is no checkpoint to start from: "
                    + "windows do not see the events before it"
            )
        }
        return startOffset
    }

    private func replay(_ records: RecordBatch, from start: Int64, committed: Int64) throws(RunnerError) -> Int {
        journal.note(records)
        let end = records.baseOffset + Int64(records.records.count)
        var (position, count) = (start, 0)
        repeat {
            try passBoundaries(upTo: max(position, records.baseOffset), committed: committed)
            let stop = min(end, line.boundary ?? .max)
            // A piece lies wholly before or behind the committed offset.
            let replay = line.replay
            count += try replay.pieces(of: records, from: position, to: stop, borders: [committed]) {
                piece throws(RunnerError) in
                _ = try process(
                    replay.batch,
                    rows: (0..<Int32(piece.count)).map { $0 },
                    lines: piece.lines,
                    baseOffset: LogOffset(piece.baseOffset),
                    emits: piece.baseOffset >= committed,
                    isJudged: piece.isJudged
                )
            }
            position = stop
        } while position < end
        try passBoundaries(upTo: end, committed: committed)
        return count
    }
}
