public import Base
public import Engine
public import EventLog
public import FileStore
public import Plan
import State
import StateStore

/// One partition of a data directory: its log, its engine, its checkpoints, and what has not been committed yet.
///
/// Each event goes to the log first, then through the engine; alerts, evidence and offset follow in one transaction,
/// after the log has been synced (C1, C3). Knows no clock: whoever drives it says when to commit and when to make a
/// checkpoint. Used by one thread at a time.
public final class PartitionRunner: @unchecked Sendable {
    // Handed from the opening thread to the partition's own thread and back; never used by two at once.

    public let partition: Int
    let journal: Journal
    var log: PartitionLog { journal.log }
    let line: EngineLine
    var engine: PartitionEngine { line.engine }
    let checkpoints: CheckpointStore
    var output: EngineOutput
    /// What this partition has taken of every recording, by its number.
    public internal(set) var recordings: [Int: RecordingMarks] {
        get { journal.recordings }
        set { journal.recordings = newValue }
    }
    /// Events that were rejected since the runner was made.
    public internal(set) var rejectedCount = 0
    /// Events that were late since the runner was made, and those that were not accepted, whatever the reason.
    public internal(set) var lateCount = 0
    public internal(set) var duplicateCount = 0
    public internal(set) var refusedCount = 0
    /// Events that were processed since the last checkpoint.
    public internal(set) var eventsSinceCheckpoint = 0
    /// Events that were taken and not committed yet.
    public private(set) var uncommittedCount = 0
    /// Why the last transaction could not be written, if that passes: it is tried again by ``commit()``.
    public private(set) var postponed: RunnerError?
    /// What the last checkpoint came to; a failed one is made again, whole, the next time.
    public let checkpointProgress = CheckpointProgress()

    let sink: any AlertSink
    let installer: any CheckpointInstaller
    let budget: StateBudget?
    let copyBytes: Int
    /// The activation as of the last commit.
    var committedActivation = 1
    var writesAll = false
    /// The image that is being filled.
    var filling: StateImage?
    /// The last image that was whole; nobody else uses it while nothing is being written.
    var lastImage: StateImage?
    /// Bytes of what the last image copied.
    var lastImageBytes = 0

    /// Events that are processed together at most.
    public static let capacity = 2048
    /// Bytes of recent events that are held for alerts without a limit for state.
    static let evidenceBytes = 64 << 20

    /// Where a runner keeps its files, and what it shares with the other ones.
    public struct Surroundings {
        public var topic: String
        public var store: any FileStore
        public var sink: any AlertSink
        public var installer: any CheckpointInstaller
        public var fingerprint: StateFingerprint
        public var log = LogSettings()
        /// Bytes of memory for keyed state and what belongs to it, about; nil = no limit.
        public var stateLimit: Int?
        /// Bytes of a checkpoint that are copied between two batches.
        public var copyBytes = 32 << 10

        public init(
            topic: String,
            store: any FileStore,
            sink: any AlertSink,
            installer: any CheckpointInstaller,
            fingerprint: StateFingerprint
        ) {
            self.topic = topic
            self.store = store
            self.sink = sink
            self.installer = installer
            self.fingerprint = fingerprint
        }
    }

    /// Opens the partition's log, repairing what a crash left. ``recover(committed:from:progress:)`` comes next.
    ///
    /// `committed` is the offset up to which the sink has everything: the log was synced up to there before.
    public init(
        _ schedule: DefinitionSchedule,
        partition: Int,
        committed: Int64,
        in surroundings: Surroundings
    ) throws(RunnerError) {
        self.partition = partition
        sink = surroundings.sink
        installer = surroundings.installer
        budget = surroundings.stateLimit.map { StateBudget(limit: $0) }
        copyBytes = surroundings.copyBytes
        line = try EngineLine(
            schedule,
            partition: partition,
            evidenceBytes: min(Self.evidenceBytes, budget?.evidence ?? Self.evidenceBytes)
        )
        output =
            budget.map { EngineOutput(partition: partition, bytesMax: $0.output) } ?? EngineOutput(partition: partition)
        let name = "\(surroundings.topic)-\(partition)"
        checkpoints = CheckpointStore(
            directory: "state/" + name,
            fingerprint: surroundings.fingerprint,
            store: surroundings.store,
            filterBytes: budget?.filters ?? 0
        )
        let log = try logging { () throws(LogError) in
            try PartitionLog(
                directory: "log/" + name,
                store: surroundings.store,
                settings: surroundings.log,
                durable: LogOffset(committed)
            )
        }
        journal = Journal(plan: line.definitions.plan, log: log)
    }

    /// The offset that the next event gets.
    public var endOffset: Int64 { log.endOffset.rawValue }
    /// The offset of the oldest event that is kept.
    public var startOffset: Int64 { log.startOffset.rawValue }
    /// The folder of the partition's checkpoints.
    public var checkpointDirectory: String { checkpoints.directory }
    /// What opening the log found and did.
    public var recovery: RecoveryReport { log.recovery }

    /// A run begins to read a recording, or goes on with it.
    public func begin(_ input: Int, range: TimeRange) { journal.begin(input, range: range) }

    /// How many of this partition's events of the recording being read no run has taken: they are not in its range.
    public var leftOutCount: Int { journal.leftOutCount }

    /// Takes events of a recording, those in the mark's range: appends them to the log, then processes them. What this
    /// partition's log holds already, after an earlier run of the same recording, is passed over.
    ///
    /// - Parameters:
    ///   - batch: decoded events, of all partitions.
    ///   - rows: positions in the batch of this partition's events, ascending.
    ///   - line: the recording's line of each row of the batch.
    ///   - mark: the recording, and how far it has been read behind the batch.
    /// - Returns: how many were taken.
    /// - Throws: ``RunnerError``
    @discardableResult
    public func take(
        _ batch: ColumnBatch,
        rows: [Int32],
        line: (Int32) -> Int,
        mark: SourceMark
    ) throws(RunnerError) -> Int {
        guard
            let written = try logging({ () throws(LogError) in
                try journal.append(batch, rows: rows, line: line, mark: mark)
            })
        else { return 0 }
        _ = try process(
            batch,
            rows: written.rows,
            lines: written.lines,
            baseOffset: written.base,
            emits: true,
            isJudged: mark.clock != nil
        )
        return written.rows.count
    }

    /// Appends events that belong to no recording to the log. ``process(_:rows:from:)`` comes next.
    ///
    /// - Parameters:
    ///   - batch: decoded events, of all partitions.
    ///   - rows: positions in the batch of this partition's events, ascending; at least one.
    ///   - producer: who sends them, if the same events may come twice.
    ///   - limit: by which the event clock has judged them; nil if it was not asked.
    /// - Returns: the first one's offset, and whether they are new: what the log has already is not to be processed
    ///   again.
    /// - Throws: ``RunnerError``; after ``EventLog/LogError/outOfSequence(directory:id:expected:found:)`` and
    ///   ``EventLog/LogError/noRoom(directory:cause:)`` the partition goes on.
    public func append(
        _ batch: ColumnBatch,
        rows: [Int32],
        from producer: ProducerSequence?,
        judgedBy limit: Int64? = nil
    ) throws(RunnerError) -> (base: LogOffset, isNew: Bool) {
        try logging { () throws(LogError) in
            try journal.append(batch, rows: rows, from: producer, judgedBy: limit)
        }
    }

    /// Whether the log's events from an offset on are these, byte for byte.
    public func holds(_ batch: ColumnBatch, rows: [Int32], from base: LogOffset) throws(RunnerError) -> Bool {
        let reader = log.reader(from: base)
        let records = RecordBatch()
        var next = 0
        while next < rows.count {
            guard try logging({ () throws(LogError) in try reader.next(into: records) }) else { return false }
            for record in records.records.prefix(rows.count - next) {
                let event = batch.events[Int(rows[next])]
                let bytes = batch.payload[Int(event.start)..<Int(event.start + event.count)]
                guard bytes.elementsEqual(records.bytes[record.value]) else { return false }
                next += 1
            }
        }
        return true
    }

    /// Runs the engine over events that have just been appended.
    ///
    /// - Parameters:
    ///   - batch: decoded events, of all partitions.
    ///   - rows: positions in the batch of this partition's events.
    ///   - base: the first one's offset.
    ///   - isJudged: whether the event clock has seen them.
    /// - Returns: the events that were not accepted, by their position among the rows.
    /// - Throws: ``RunnerError``
    public func process(
        _ batch: ColumnBatch,
        rows: [Int32],
        from base: LogOffset,
        isJudged: Bool = false
    ) throws(RunnerError) -> [Refusal] {
        try process(batch, rows: rows, lines: [], baseOffset: base, emits: true, isJudged: isJudged)
    }

    /// The newest accepted event time, microseconds; nil if there is none.
    public var newestTime: Int64? { engine.newestTime }

    /// Whether what was taken since the last commit has led to alerts, which somebody may be waiting for.
    public var hasUncommittedAlerts: Bool { !output.alerts.isEmpty }

    /// Whether a commit would write anything.
    public var hasUncommitted: Bool {
        uncommittedCount > 0 || hasUncommittedAlerts || definitions.activation > committedActivation
    }

    /// Whether so much evidence waits for a commit that one is due; never asked in the middle of a batch.
    public var isFull: Bool { output.isFull }

    /// Keys of windows in memory, and how many were given up to disk so far.
    public var keyCounts: (held: Int, spilled: Int) { engine.keyCounts }

    /// One step of the engine, then whatever is due. What became of the events is the step's own word: the output may
    /// have been committed and emptied by the time that this returns.
    func process(
        _ batch: ColumnBatch,
        rows: [Int32],
        lines: [Int],
        baseOffset: LogOffset,
        emits: Bool,
        isJudged: Bool
    ) throws(RunnerError) -> [Refusal] {
        precondition(baseOffset.rawValue >= output.nextOffset, "Events are processed in the order of their offsets.")
        precondition(baseOffset.advanced(by: rows.count) <= log.endOffset, "The log has an event first (C1).")
        rows.withUnsafeBufferPointer { rows in
            engine.process(
                batch,
                rows: rows,
                lines: lines,
                baseOffset: baseOffset,
                emits: emits,
                isJudged: isJudged,
                into: &output
            )
        }
        if let failure = engine.coldFailure { throw .unread(StateError(failure, in: checkpoints)) }
        let refusals = engine.refusals
        rejectedCount += refusals.count(where: \.isRejected)
        lateCount += refusals.count { $0.kind == .late }
        duplicateCount += refusals.count { $0.kind == .duplicate }
        refusedCount += refusals.count
        eventsSinceCheckpoint += rows.count
        if emits { uncommittedCount += rows.count }
        continueCheckpoint()
        try keepStateLimit()
        return refusals
    }

    /// Makes the events that were taken so far survive a power cut.
    public func syncLog() throws(RunnerError) { try logging { () throws(LogError) in try log.sync() } }

    /// Tries whether the log has room for more.
    public func tryRoom() throws(RunnerError) { try logging { () throws(LogError) in try log.tryRoom() } }

    /// Whether no more may be taken until the last transaction has been written: it could not be, and what waits for it
    /// has become much (C9).
    public var mustCommit: Bool {
        guard postponed != nil else { return false }
        return uncommittedCount >= Self.uncommittedLimit || output.byteCount >= Self.waitingBytes
            || budget.map { engine.excess(over: $0.state) >= Self.waitingBytes } ?? false
    }

    /// Events that may wait for a sink.
    static let uncommittedLimit = 1 << 18
    /// Bytes of alerts that may wait for one, and of state above its limit, which shrinks by checkpoints only, and
    /// those by commits: somebody else's hold on a file is not to stop what a small limit would.
    static let waitingBytes = 32 << 20

    /// Makes the log durable up to here, then writes everything that it led to, in one transaction.
    ///
    /// - Throws: ``RunnerError``; if it passes (``RunnerError/passes``), everything is as it was before, and the
    ///   partition may go on.
    public func commit() throws(RunnerError) {
        output.activation = line.definitions.activation
        guard output.ledger.events > 0 || hasUncommitted else { return }
        do throws(RunnerError) {
            try syncLog()
            precondition(output.nextOffset <= log.durableOffset.rawValue, "The log keeps what is committed (C3).")
            try line.evidence.commit(&output, to: sink) { log.reader(from: $0) }
            postponed = nil
        } catch {
            if error.passes { postponed = error }
            throw error
        }
        output.removeAll()
        committedActivation = output.activation
        uncommittedCount = 0
    }

    /// Commits, and closes the log: its files are then complete.
    public func close() throws(RunnerError) {
        try commit()
        try logging { () throws(LogError) in try log.close() }
    }
}
