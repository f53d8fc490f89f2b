import Base
import Bytes
import Console
import Engine
import EventLog
import FileStore
import Ingest

/// The recordings that a log holds events of, found in the log itself.
struct RecordingList {
    /// What was taken of a recording in one range of event time.
    private struct Part {
        var path: String
        var lines = 0
        var events = 0
    }

    private struct Key: Hashable {
        var input: Int
        var range: TimeRange
    }

    private var parts: [Key: Part] = [:]

    /// Reads the logs of the partitions with these names.
    init(_ partitions: [String], _ store: DiskStore) throws(CommandError) {
        let records = RecordBatch()
        for name in partitions {
            let reader = PartitionReader(directory: "log/" + name, store: store)
            do throws(LogError) {
                while try reader.next(into: records) { note(records) }
            } catch {
                throw CommandError(error)
            }
        }
    }

    private mutating func note(_ records: RecordBatch) {
        guard let first = records.records.first, let mark = SourceMark.read(records.headers(of: first))?.mark else {
            return
        }
        let key = Key(input: mark.input, range: mark.range)
        var part = parts[key] ?? Part(path: mark.path)
        part.lines = max(part.lines, mark.position.line)
        part.events += records.records.count
        parts[key] = part
    }

    /// One row a recording and range: those of one recording beside each other, the earliest range first.
    var listing: Listing {
        let sorted = parts.sorted { left, right in
            (left.key.input, left.key.range.from, left.key.range.to)
                < (right.key.input, right.key.range.from, right.key.range.to)
        }
        return Listing(
            columns: ["recording", "file", "from", "to", "events", "up_to_line"],
            rows: sorted.map { key, part in
                [
                    .integer(key.input), .text(part.path), time(key.range.from), time(key.range.to),
                    .integer(part.events), .integer(part.lines),
                ]
            }
        )
    }

    /// Empty where the range is open.
    private func time(_ microseconds: Int64) -> Cell {
        guard microseconds != .min, microseconds != .max else { return .null }
        return .text(TimeParser.text(milliseconds: EventTime(microseconds: microseconds).milliseconds))
    }
}
