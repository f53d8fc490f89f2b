import Base
public import EventLog
import FileStore
import Partition
public import Plan
public import Recordings

/// The log of a data directory, for a query that records what it reads: each event is in the log before it counts.
public final class QueryLog {
    private let lock: DirectoryLock
    private let journals: [Journal]
    private let plan: PipelinePlan

    /// Opens the logs of all partitions, made if they are missing, and finds which recordings they hold.
    public init(_ path: String, plan: PipelinePlan) throws(RuntimeError) {
        self.plan = plan
        let store = DiskStore(root: path)
        do throws(FileError) { try store.createDirectory("") } catch { throw .storage(error.description) }
        do throws(DirectoryLock.Failure) { lock = try DirectoryLock(path) } catch { throw RuntimeError(error) }
        try DataDirectory.checkPartitions(path, plan)
        var journals: [Journal] = []
        do throws(LogError) {
            for partition in 0..<plan.partitionCount {
                let log = try PartitionLog(
                    directory: "log/\(plan.name)-\(partition)",
                    store: store,
                    settings: LogSettings(),
                    durable: LogOffset(0)
                )
                let journal = Journal(plan: plan, log: log)
                try journal.findMarks()
                journals.append(journal)
            }
        } catch {
            throw RuntimeError(error)
        }
        self.journals = journals
    }

    /// The number under which a recording is in the log, or will be.
    public func number(of path: String, reading: RecordingReading) throws(RuntimeError) -> Int {
        let known = KnownRecordings(partitions: journals.map(\.recordings))
        return try RuntimeError.reading { () throws(RecordingError) in
            try known.match(path, reading: reading, plan: plan, resumes: false).input
        }
    }

    /// Appends a partition's share of a chunk, unless the log has it.
    public func append(_ chunk: Chunk, partition: Int, input: Int, path: String) throws(LogError) {
        let mark = SourceMark(input: input, position: chunk.end, path: path, clock: chunk.clock)
        try journals[partition].append(
            chunk.batch,
            rows: chunk.partitions[partition],
            line: { chunk.lines[Int($0)] },
            mark: mark
        )
    }

    /// Makes everything durable and closes the logs.
    public func close() throws(RuntimeError) {
        do throws(LogError) {
            for journal in journals {
                try journal.log.sync()
                try journal.log.close()
            }
        } catch {
            throw RuntimeError(error)
        }
    }
}
