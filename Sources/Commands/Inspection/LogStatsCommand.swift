import ArgumentParser
import Bytes
import Console
import EventLog
import FileStore
import Upkeep

/// `log stats`
struct LogStatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Sizes, counts, offsets and times of each partition.",
        discussion: """
            `durable_offset`: what lay before it was on disk for certain when the log was last closed or began a segment. \
            `torn_bytes`: an unfinished batch at the end, which the next replay cuts off. `lost`: records that were lost \
            to damage and marked by `patternalarm log repair`. Exit code 7 if a partition, or the segment that it is meant \
            to begin with, is not there.

              patternalarm log stats --data-dir work --format csv
            """
    )

    @OptionGroup var place: LogPlace

    @Option(help: "How to write it.")
    var format: OutputFormat = .table

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let store = try place.store()
            var listing = Listing(
                columns: [
                    "partition", "segments", "bytes", "uncompressed", "ratio", "records", "batches", "first_offset",
                    "end_offset", "oldest", "newest", "durable_offset", "torn_bytes", "damaged", "lost",
                ],
                rows: []
            )
            var reports: [LogReport] = []
            for partition in try place.partitions(store) {
                let report = try place.report(partition, store)
                reports.append(report)
                listing.rows.append(Self.row(report, partition))
            }
            listing.write(as: format)
            try place.endOnLoss(reports)
        }
    }

    private static func row(_ report: LogReport, _ partition: LogPartition) -> [Cell] {
        let uncompressed = report.segments.reduce(0) { $0 + $1.uncompressedBytes }
        let ratio = report.bytes > 0 ? Double(uncompressed) / Double(report.bytes) : nil
        let oldest = report.segments.map(\.smallestTimestampMilliseconds).filter { $0 != .max }.min()
        let newest = report.segments.map(\.largestTimestampMilliseconds).filter { $0 != .min }.max()
        return [
            .text(partition.name), .integer(report.segments.count), .integer(report.bytes), .integer(uncompressed),
            .optional(ratio, decimals: 2), .integer(report.records), .integer(report.batches),
            .integer(Int(report.segments.first?.firstOffset ?? 0)),
            .integer(Int(report.segments.last?.endOffset ?? 0)),
            .optional(oldest.map { TimeParser.text(milliseconds: $0) }),
            .optional(newest.map { TimeParser.text(milliseconds: $0) }),
            report.durableOffset.map { .integer(Int($0)) } ?? .null, .integer(report.tornTail?.byteCount ?? 0),
            .integer(report.damage.count), .integer(report.lost.reduce(0) { $0 + $1.count }),
        ]
    }
}
