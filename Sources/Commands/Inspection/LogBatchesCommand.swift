import ArgumentParser
import Base
import Bytes
import Console
import EventLog
import FileStore
import Upkeep

/// `log batches`
struct LogBatchesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "batches",
        abstract: "List the log's record batches: where each is, and what its header says.",
        discussion: """
            Reads a damaged log, too: a damaged stretch is a row with a fault. A byte range is from `byte` up to, and \
            without, `end_byte`.

              patternalarm log batches --data-dir work --partition 0
              patternalarm log batches --data-dir work --format jsonl \\
                | grep -v '"fault":null'
            """
    )

    @OptionGroup var place: LogPlace

    @Option(help: "Partition; all of them otherwise.")
    var partition: Int?

    @Option(help: "How to write it.")
    var format: OutputFormat = .table

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let store = try place.store()
            let listing = ListingWriter(
                [
                    "partition", "file", "byte", "end_byte", "first_offset", "last_offset", "count", "crc32c", "codec",
                    "first_time", "largest_time", "fault",
                ],
                format
            )
            for partition in try place.partitions(store, number: partition) {
                do throws(LogError) {
                    let walk = try LogWalk(directory: partition.directory, store: store)
                    let batch = RecordBatch()
                    while let item = try walk.next(into: batch) {
                        if let row = Self.row(item, partition, batch) { listing.add(row) }
                    }
                } catch {
                    throw CommandError(error)
                }
            }
            listing.end()
        }
    }

    private static func row(_ item: LogWalk.Item, _ partition: LogPartition, _ batch: RecordBatch) -> [Cell]? {
        switch item {
        case .segmentBegan, .segmentEnded: return nil
        case .batch(let summary):
            return [
                .text(partition.name), .text(summary.file), .integer(summary.position),
                .integer(summary.position + summary.byteCount), .integer(Int(summary.firstOffset)),
                .integer(Int(summary.lastOffset)), .integer(summary.recordCount),
                .text(summary.checksumText), .text(summary.codec),
                .text(TimeParser.text(milliseconds: summary.firstTimestampMilliseconds)),
                .text(TimeParser.text(milliseconds: summary.largestTimestampMilliseconds)),
                .optional(batch.lostRange.map { "lost before, marked by a repair: \($0.quarantine)" }),
            ]
        case .damaged(let damage): return row(damage, partition, damage.words)
        case .torn(let damage): return row(damage, partition, "unfinished: " + damage.words)
        }
    }

    private static func row(_ damage: LogDamage, _ partition: LogPartition, _ words: String) -> [Cell] {
        let last = damage.nextOffset.map { Int($0.rawValue) - 1 }
        return [
            .text(partition.name), .text(damage.file), .integer(damage.position),
            .integer(damage.position + damage.byteCount), .integer(Int(damage.offset.rawValue)),
            last.map { .integer($0) } ?? .null, last.map { .integer($0 + 1 - Int(damage.offset.rawValue)) } ?? .null,
            .null, .null, .null, .null, .text(words),
        ]
    }
}
