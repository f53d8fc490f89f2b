import AlertStore
import ArgumentParser
import Base
import Bytes
import Console
import Partition
import Upkeep

/// `stats`: what went in and what came of it.
struct StatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Count what the log holds and what became of it.",
        discussion: """
            events = ok + late + duplicate + rejected + lag, always: the counts are written in the same transaction as the \
            alerts, and lag is what the log holds beyond them. left_out are the events that `replay --from/--to` left out of \
            recordings and that no run has taken since. Exit code 7 if the log lacks something that it is meant to hold.

              patternalarm stats --data-dir work --format json
              patternalarm stats --data-dir work --recordings
            """
    )

    @OptionGroup var place: DataPlace

    @Flag(
        help:
            "List the recordings in the log: which event times were taken of each, up to which line. Reads the whole log."
    )
    var recordings = false

    @Option(help: "How to write it.")
    var format: OutputFormat = .table

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let store = try place.store()
            let bounds = try CommandError.running { () throws(UpkeepError) in try place.files.bounds(store) }
            guard !recordings else {
                return try CommandError.running { () throws(UpkeepError) in
                    Self.listing(try LogRecordings(bounds.map(\.name), store)).write(as: format)
                }
            }
            var totals = LedgerTotals()
            var committed: Int64 = 0
            var ended = 0
            var leftOut = 0
            let database = try place.database()
            if let database {
                do throws(AlertStoreError) {
                    totals = try database.totals()
                    ended = try database.endedAlerts()
                    leftOut = try database.leftOutEvents()
                    for name in Set(bounds.map { $0.name.prefix(upTo: $0.name.lastIndex(of: "-") ?? $0.name.endIndex) })
                    {
                        committed += try database.progress(topic: String(name)).reduce(0) { $0 + $1.nextOffset }
                    }
                } catch {
                    throw CommandError(error)
                }
            }
            let end = bounds.reduce(0) { $0 + $1.end }
            let kept = bounds.reduce(0) { $0 + $1.end - $1.start }
            let lag = Int(max(0, end - committed))
            let processed = totals.ok + totals.late + totals.duplicate
            let listing = Listing(
                columns: [
                    "events", "accepted", "rejected", "processed", "ok", "late", "duplicate", "lag", "alerts",
                    "alerts_ended", "log_events", "partitions", "left_out",
                ],
                rows: [
                    [
                        totals.events + lag, processed + lag, totals.rejected, processed, totals.ok, totals.late,
                        totals.duplicate, lag, totals.alerts, ended, Int(kept), bounds.count,
                        leftOut,
                    ].map { .integer($0) }
                ]
            )
            // One object, not a list of one: there is one directory.
            if format == .json { listing.write(as: .jsonl) } else { listing.write(as: format) }
            let missing = try CommandError.running { () throws(UpkeepError) in
                try place.files.missing(store, database)
            }
            guard missing.isEmpty else { throw .damaged(missing.joined(separator: "\n")) }
        }
    }

    /// One row a recording and range.
    private static func listing(_ recordings: LogRecordings) -> Listing {
        // Empty where the range is open.
        func time(_ microseconds: Int64) -> Cell {
            guard microseconds != .min, microseconds != .max else { return .null }
            return .text(TimeParser.text(milliseconds: EventTime(microseconds: microseconds).milliseconds))
        }
        return Listing(
            columns: ["recording", "file", "from", "to", "events", "up_to_line"],
            rows: recordings.parts.map { part in
                [
                    .integer(part.input), .text(part.path), time(part.range.from), time(part.range.to),
                    .integer(part.events), .integer(part.lines),
                ]
            }
        )
    }
}
