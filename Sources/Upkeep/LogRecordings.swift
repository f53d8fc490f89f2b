import EventLog
public import FileStore
import Ingest
public import Partition

/// The recordings that a log holds events of, found in the log itself.
public struct LogRecordings {
    /// What was taken of a recording in one range of event time.
    public struct Part {
        /// Which recording of the log it is of.
        public let input: Int
        public let range: TimeRange
        /// Where the recording was read from.
        public let path: String
        /// Up to which line it was taken.
        public fileprivate(set) var lines = 0
        public fileprivate(set) var events = 0
    }

    private struct Key: Hashable {
        var input: Int
        var range: TimeRange
    }

    private var known: [Key: Part] = [:]

    /// Reads the logs of the partitions with these names. Throws ``UpkeepError`` if one cannot be read.
    public init(_ partitions: [String], _ store: DiskStore) throws(UpkeepError) {
        let records = RecordBatch()
        for name in partitions {
            let reader = PartitionReader(directory: "log/" + name, store: store)
            do throws(LogError) {
                while try reader.next(into: records) { note(records) }
            } catch {
                throw UpkeepError(error)
            }
        }
    }

    private mutating func note(_ records: RecordBatch) {
        guard let first = records.records.first, let mark = SourceMark.read(records.headers(of: first))?.mark else {
            return
        }
        let key = Key(input: mark.input, range: mark.range)
        var part = known[key] ?? Part(input: mark.input, range: mark.range, path: mark.path)
        part.lines = max(part.lines, mark.position.line)
        part.events += records.records.count
        known[key] = part
    }

    /// Those of one recording beside each other, the earliest range first.
    public var parts: [Part] {
        known.values.sorted { left, right in
            (left.input, left.range.from, left.range.to) < (right.input, right.range.from, right.range.to)
        }
    }
}
