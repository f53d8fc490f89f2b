import AlertStore
import Dispatch
import Foundation
import Ingest
public import Partition
public import Plan
public import Recordings
import Synchronization

/// Feeds recordings into a data directory: one thread reads and decodes, one thread a partition does the rest.
///
/// The result does not depend on the threads: each partition's events come in the recording's order (C2).
public final class Replayer {
    private let directory: DataDirectory
    private let plan: PipelinePlan
    private let options: Options
    private let failure = FirstFailure<RuntimeError>()
    /// What came of each recording so far, of one that could not be read to its end, too.
    public private(set) var recordings: [ReplayedRecording] = []
    /// Whether the time to stop at has been reached.
    public private(set) var hasReachedEnd = false
    /// Of the recording that is being read.
    private var findings: RecordingFindings
    private var reading = RecordingReading()

    /// How recordings are fed in.
    public struct Options {
        public var threads = 2
        public var chunkEvents = 2048
        /// Event-time seconds a second; nil = as fast as possible.
        public var speed: Double?
        /// The event times that are taken.
        public var range = TimeRange.all
        public var maxErrors = 1000
        /// Told how many events are durable, of what the log held at the start and what has come since; if it is there,
        /// the log is synced whenever nothing more is waiting.
        public var acknowledge: (@Sendable (Int) -> Void)?
        /// Stop in front of the first event that is stamped at or after this time, microseconds.
        public var until: Int64?
        /// Take recordings again whose bytes were taken before.
        public var again = false

        public init() {}
    }

    /// Rejected events that opening the directory has read in the log again: no recording's.
    private let rejectedBefore: Int

    /// Feeds a directory that has been opened with this plan.
    public init(_ directory: DataDirectory, plan: PipelinePlan, options: Options) {
        self.directory = directory
        self.plan = plan
        self.options = options
        findings = RecordingFindings(plan)
        rejectedBefore = Self.rejectedCount(directory)
    }

    /// A chunk on its way, and how many partitions still need it.
    private final class Ticket: Sendable {
        let chunk: Chunk
        let number: Int
        let remaining: Atomic<Int>

        init(_ chunk: Chunk, number: Int, _ partitions: Int) {
            self.chunk = chunk
            self.number = number
            remaining = Atomic(partitions)
        }
    }

    /// Replays a recording, going on where earlier runs of the same recording have stopped; others are going to follow
    /// it.
    ///
    /// - Parameters:
    ///   - path: The recording.
    ///   - others: What is going to be replayed behind it.
    ///   - reading: How to read them.
    ///   - resumes: Whether standard input is the recording that was interrupted.
    ///   - progress: Told how many events have been read, and how much of the file, if its size is known.
    /// - Throws: ``RuntimeError/recording(_:)`` if it cannot be read, or what stopped a partition.
    public func replay(
        _ path: String,
        before others: ArraySlice<String> = [],
        _ reading: RecordingReading,
        resumes: Bool,
        progress: (Int, Double?) -> Void = { _, _ in }
    ) throws(RuntimeError) {
        self.reading = reading
        let known = KnownRecordings(partitions: directory.workers.map { $0.runner.recordings })
        let match =
            options.again
            ? known.fresh
            : try RuntimeError.reading { () throws(RecordingError) in
                try known.match(path, reading: reading, plan: plan, range: options.range, resumes: resumes)
            }
        let input = match.input
        let recording = try RuntimeError.reading { () throws(RecordingError) in
            let recording = try Recording(path, reading, plan: plan, chunkEvents: options.chunkEvents)
            try recording.skip(to: match.start)
            return recording
        }
        recording.expect(match.landmarks)
        let newest = directory.workers.compactMap(\.runner.newestTime).max()
        let judged = JudgedRecording(
            recording,
            plan: plan,
            from: known.clock(of: match, plan: plan, newest: newest),
            sequel: sequel(others, behind: path, known, reading)
        )
        for worker in directory.workers { worker.runner.begin(input, range: options.range) }
        let name = Recording.name(of: path)
        let taken = takenCount
        let before = refusedCounts
        findings = RecordingFindings(plan)
        let acknowledger = options.acknowledge.map {
            Acknowledger(partitions: directory.workers.count, events: taken, tell: $0)
        }
        var stopped: RuntimeError?
        do throws(RuntimeError) {
            if options.threads > 1 {
                try inParallel(judged, input: input, name: name, acknowledger, progress)
            } else {
                try inline(judged, input: input, name: name, acknowledger, progress)
            }
        } catch {
            stopped = error
        }
        recordings.append(
            ReplayedRecording(
                path: path,
                input: input,
                position: judged.position,
                range: options.range,
                taken: takenCount - taken,
                leftOut: directory.workers.reduce(0) { $0 + $1.runner.leftOutCount },
                isAtEnd: stopped == nil && !hasReachedEnd && !reading.isInterrupted() && !hasTooManyErrors,
                lateEnd: recording.lateEnd,
                unended: recording.unended,
                isWhole: match.start.byte == 0,
                late: refusedCounts.late - before.late,
                duplicates: refusedCounts.duplicates - before.duplicates,
                refused: refusedCounts.refused - before.refused,
                format: recording.format,
                findings: findings,
                newestBefore: recordings.compactMap(\.findings.newestTime).max()
            )
        )
        if let stopped { throw stopped }
        try noteFirstReading()
    }

    /// What is going to be read of recordings that follow.
    private func sequel(
        _ paths: ArraySlice<String>,
        behind path: String,
        _ known: KnownRecordings,
        _ reading: RecordingReading
    ) -> Sequel {
        Sequel(paths, behind: path) { [plan, options] path throws(RecordingError) in
            let match =
                options.again
                ? known.fresh
                : try known.match(path, reading: reading, plan: plan, range: options.range, resumes: false)
            let recording = try Recording(path, reading, plan: plan, chunkEvents: options.chunkEvents)
            try recording.skip(to: match.end)
            return recording
        }
    }

    /// Events that the log holds, of all partitions.
    private var takenCount: Int { directory.workers.reduce(0) { $0 + Int($1.runner.endOffset) } }

    private var refusedCounts: (late: Int, duplicates: Int, refused: Int) {
        var (late, duplicates, refused) = (0, 0, 0)
        for worker in directory.workers {
            late += worker.runner.lateCount
            duplicates += worker.runner.duplicateCount
            refused += worker.runner.refusedCount
        }
        return (late, duplicates, refused)
    }

    /// Notes what is to be said of a recording in the end; what its first events say of the schema, at once if more
    /// come.
    private func note(_ chunk: Chunk, _ number: Int, _ recording: Recording) {
        if number == 1, recording.beginsAtItsStart {
            for line in findings.misnamedWords { reading.say("\(recording.path): so far \(line)") }
        }
        findings.note(chunk)
    }

    /// Notes when a recording that had nothing new was read first.
    private func noteFirstReading() throws(RuntimeError) {
        guard let last = recordings.last, last.isAtEnd, last.taken == 0, last.position.line > 0 else { return }
        let record = last.record
        do throws(AlertStoreError) {
            recordings[recordings.count - 1].firstReading = try directory.database.firstReading(of: record)
        } catch {
            throw RuntimeError(error)
        }
    }

    private func inline(
        _ judged: JudgedRecording,
        input: Int,
        name: String,
        _ acknowledger: Acknowledger?,
        _ progress: (Int, Double?) -> Void
    ) throws(RuntimeError) {
        var free = Chunk(plan: plan, capacity: options.chunkEvents)
        var pace = Pace(speed: options.speed)
        var events = 0
        var number = 0
        while try !shouldStop(), !hasReachedEnd, let chunk = try Self.next(judged, free) {
            free = chunk
            cut(chunk)
            note(chunk, number, judged.recording)
            pace.wait(for: chunk, unless: reading.isInterrupted)
            for worker in directory.workers {
                let count = try worker.take(chunk, of: input, path: name, range: options.range)
                acknowledger?.noteTaken(count, chunk: number)
            }
            number += 1
            if let acknowledger {
                for worker in directory.workers {
                    try worker.sync()
                    acknowledger.noteSynced(partition: worker.partition, chunks: number)
                }
            }
            events += chunk.batch.count
            progress(events, judged.recording.fraction)
        }
    }

    private func inParallel(
        _ judged: JudgedRecording,
        input: Int,
        name: String,
        _ acknowledger: Acknowledger?,
        _ progress: (Int, Double?) -> Void
    ) throws(RuntimeError) {
        let workers = directory.workers
        let free = BoundedQueue<Chunk>(capacity: workers.count * 2 + 2)
        for _ in 0..<workers.count * 2 + 1 { free.send(Chunk(plan: plan, capacity: options.chunkEvents)) }
        let queues = workers.map { _ in BoundedQueue<Ticket>(capacity: workers.count * 2 + 2) }
        let finished = DispatchGroup()
        for (worker, queue) in zip(workers, queues) {
            finished.enter()
            let thread = Thread { [failure, range = options.range] in
                Self.work(worker, queue, free, failure, acknowledger, input: input, name: name, range: range)
                finished.leave()
            }
            thread.name = "partition \(worker.partition)"
            thread.stackSize = 8 << 20
            thread.start()
        }
        var stopped: RuntimeError?
        var pace = Pace(speed: options.speed)
        var events = 0
        var number = 0
        do throws(RuntimeError) {
            while try !shouldStop(), !hasReachedEnd, let place = free.receive() {
                guard let chunk = try Self.next(judged, place) else { break }
                cut(chunk)
                note(chunk, number, judged.recording)
                pace.wait(for: chunk, unless: reading.isInterrupted)
                events += chunk.batch.count
                let ticket = Ticket(chunk, number: number, workers.count)
                number += 1
                for queue in queues { queue.send(ticket) }
                progress(events, judged.recording.fraction)
            }
        } catch {
            stopped = error
        }
        for queue in queues { queue.send(nil) }
        finished.wait()
        if let error = failure.error { throw error }
        if let stopped { throw stopped }
    }

    private static func next(_ judged: JudgedRecording, _ chunk: Chunk) throws(RuntimeError) -> Chunk? {
        try RuntimeError.reading { () throws(RecordingError) in try judged.next(chunk) }
    }

    /// Leaves out what lies at or behind the time to stop at, and remembers that it was reached.
    private func cut(_ chunk: Chunk) {
        guard let until = options.until else { return }
        let batch = chunk.batch
        guard let row = (0..<batch.count).first(where: { batch.status[$0] == 0 && batch.times[$0] >= until }) else {
            return
        }
        hasReachedEnd = true
        chunk.cut(at: row)
    }

    /// A partition's thread. After a failure it only hands the chunks back, so that nobody waits for ever.
    private static func work(
        _ worker: PartitionWorker,
        _ queue: BoundedQueue<Ticket>,
        _ free: BoundedQueue<Chunk>,
        _ failure: FirstFailure<RuntimeError>,
        _ acknowledger: Acknowledger?,
        input: Int,
        name: String,
        range: TimeRange
    ) {
        var hasFailed = false
        var unsynced: Int?
        func attempt(_ body: () throws(RuntimeError) -> Void) {
            guard !hasFailed else { return }
            do throws(RuntimeError) {
                try body()
            } catch {
                hasFailed = true
                failure.note(error)
            }
        }
        func acknowledge() {
            guard let chunks = unsynced else { return }
            attempt { () throws(RuntimeError) in
                try worker.sync()
                acknowledger?.noteSynced(partition: worker.partition, chunks: chunks)
            }
            unsynced = nil
        }
        while true {
            if queue.isEmpty { acknowledge() }
            switch queue.receive(within: .milliseconds(200)) {
            case .closed: return acknowledge()
            case .timedOut:
                attempt { () throws(RuntimeError) in try worker.tick() }
            case .element(let ticket):
                attempt { () throws(RuntimeError) in
                    let count = try worker.take(ticket.chunk, of: input, path: name, range: range)
                    acknowledger?.noteTaken(count, chunk: ticket.number)
                }
                if acknowledger != nil { unsynced = ticket.number + 1 }
                let left = ticket.remaining.subtract(1, ordering: .acquiringAndReleasing).newValue
                if left == 0 { free.send(ticket.chunk) }
            }
        }
    }

    private func shouldStop() throws(RuntimeError) -> Bool {
        if let error = failure.error { throw error }
        return reading.isInterrupted() || hasTooManyErrors
    }

    /// Whether so many events have been rejected that the run has stopped.
    public var hasTooManyErrors: Bool { Self.rejectedCount(directory) - rejectedBefore > options.maxErrors }

    private static func rejectedCount(_ directory: DataDirectory) -> Int {
        directory.workers.reduce(0) { $0 + $1.runner.rejectedCount }
    }
}

extension PartitionWorker {
    /// Takes this partition's share of a chunk of the recording with that number; returns how many events that were.
    fileprivate func take(
        _ chunk: Chunk,
        of input: Int,
        path: String,
        range: TimeRange
    ) throws(RuntimeError) -> Int {
        try take(
            chunk.batch,
            rows: chunk.partitions[partition],
            line: { chunk.lines[Int($0)] },
            mark: SourceMark(input: input, position: chunk.end, path: path, range: range, clock: chunk.clock)
        )
    }
}
