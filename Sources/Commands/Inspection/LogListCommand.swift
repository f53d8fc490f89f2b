import ArgumentParser
import Bytes
import Console
import EventLog
import FileStore
import Upkeep

/// `log ls`
struct LogListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the log's segments.",
        discussion: """
            Exit code 7 if a partition, or the segment that it is meant to begin with, is not there.

              patternalarm log ls --data-dir work --format csv
            """
    )

    @OptionGroup var place: LogPlace

    @Option(help: "How to write it.")
    var format: OutputFormat = .table

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let store = try place.store()
            var listing = Listing(
                columns: ["partition", "file", "bytes", "batches", "records", "first_offset", "end_offset", "newest"],
                rows: []
            )
            var reports: [LogReport] = []
            for partition in try place.partitions(store) {
                let report = try place.report(partition, store)
                reports.append(report)
                for segment in report.segments {
                    let newest = segment.largestTimestampMilliseconds
                    listing.rows.append([
                        .text(partition.name), .text(String(segment.file.split(separator: "/").last ?? "")),
                        .integer(segment.bytes), .integer(segment.batches), .integer(segment.records),
                        .integer(Int(segment.firstOffset)), .integer(Int(segment.endOffset)),
                        newest == .min ? .null : .text(TimeParser.text(milliseconds: newest)),
                    ])
                }
            }
            listing.write(as: format)
            try place.endOnLoss(reports)
        }
    }
}
