import AlertStore
public import Base
import EventLog
public import FileStore
import StateStore

extension DataFiles {
    /// The smallest offset that somebody still needs, for each partition's folder: the detectors, a restart, and named
    /// consumers. A folder that has not been through the detectors is not named: it is needed whole.
    ///
    /// - Throws: ``UpkeepError`` if that cannot be read.
    public func neededOffsets(
        _ partitions: [LogPartition],
        _ store: DiskStore
    ) throws(UpkeepError) -> [String: LogOffset] {
        var needed: [String: LogOffset] = [:]
        if let database = try database() {
            try UpkeepError.storing { () throws(AlertStoreError) in
                for topic in Set(partitions.map(\.topic)).sorted() {
                    for entry in try database.progress(topic: topic) {
                        needed["log/\(topic)-\(entry.partition)"] = LogOffset(entry.nextOffset)
                    }
                }
            }
        }
        for partition in partitions {
            guard let committed = needed[partition.directory],
                let checkpoint = try Self.oldestCheckpoint(partition, upTo: committed, store)
            else { continue }
            // A restart reads on from a checkpoint: what lies between it and the committed offset is its state.
            needed[partition.directory] = checkpoint
        }
        let consumers = ConsumerOffsets(store: store)
        do throws(LogError) {
            for name in try consumers.consumers() {
                let offsets = try consumers.offsets(of: name)
                for partition in partitions {
                    guard let known = needed[partition.directory] else { continue }
                    // A consumer that does not name a partition has read nothing of it.
                    needed[partition.directory] = min(known, offsets[partition.name] ?? LogOffset(0))
                }
            }
        } catch {
            throw UpkeepError(error)
        }
        return needed
    }

    /// The oldest checkpoint that a restart may fall back to, whatever pipeline it is of.
    private static func oldestCheckpoint(
        _ partition: LogPartition,
        upTo committed: LogOffset,
        _ store: DiskStore
    ) throws(UpkeepError) -> LogOffset? {
        let checkpoints = CheckpointStore(directory: "state/" + partition.name, fingerprint: "", store: store)
        do throws(FileError) {
            return try checkpoints.summaries().map { LogOffset($0.offset) }
                .filter { $0 >= LogOffset(0) && $0 <= committed }.min()
        } catch {
            throw UpkeepError(error)
        }
    }
}
