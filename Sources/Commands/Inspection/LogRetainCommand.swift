import ArgumentParser
import Base
import Bytes
import Console
import EventLog
import Upkeep

/// `log retain`
struct LogRetainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retain",
        abstract: "Remove the oldest segments of the log.",
        discussion: """
            Only whole segments go, the oldest first, and never a partition's last one. Age is counted back from the \
            newest event of the log, not from today. What has not been through the detectors yet stays, and so does what \
            a named consumer still needs (`log consumers`); \
            --force removes it all the same. Alerts that are there stay, but what is removed cannot be replayed again. What \
            has been activated always stays.

              patternalarm log retain --age 30d --dry-run
              patternalarm log retain --bytes 10GB --age 90d
            """
    )

    @OptionGroup var place: LogPlace

    @Option(help: "What the log may take at most, such as 500MB or 10GB.")
    var bytes: ByteSize?

    @Option(help: "How old events may be, such as 12h or 30d.")
    var age: TimeSpan?

    @Option(help: "The alerts file (default: alerts.sqlite in the data directory).")
    var alerts: String?

    @Flag(help: "Remove what is still needed, or damaged, too.")
    var force = false

    @Flag(help: "Only list what would be removed.")
    var dryRun = false

    @Option(help: "How to write it.")
    var format: OutputFormat = .table

    func validate() throws {
        guard bytes != nil || age != nil else {
            throw ValidationError("Say how much to keep: --bytes, --age, or both.")
        }
    }

    func run() throws {
        var policy = RetentionPolicy()
        policy.bytes = bytes?.bytes
        policy.ageMilliseconds = age?.milliseconds
        try CommandError.reporting { () throws(CommandError) in try retain(policy) }
    }

    private func retain(_ policy: RetentionPolicy) throws(CommandError) {
        let store = try place.store()
        let lock = dryRun ? nil : try place.lock()
        defer { withExtendedLifetime(lock) {} }
        let partitions = try place.eventPartitions(store)
        let needed =
            force
            ? nil
            : try CommandError.running { () throws(UpkeepError) in
                try DataFiles(dataDir: place.dataDir, alerts: alerts).neededOffsets(partitions, store)
            }
        let retention = LogRetention(store: store)
        var listing = Listing(
            columns: ["partition", "file", "bytes", "first_offset", "last_offset", "newest", "outcome"],
            rows: []
        )
        var freed = 0
        // What was removed before a failure is listed all the same.
        defer { listing.write(as: format) }
        do throws(LogError) {
            for decision in try retention.plan(partitions.map(\.directory), policy: policy, needed: needed) {
                if decision.keptBecause == nil {
                    if !dryRun { try retention.remove(decision.segment) }
                    freed += decision.segment.bytes
                }
                listing.rows.append(row(decision))
            }
        } catch {
            throw CommandError(error)
        }
        let removed = listing.rows.count { $0.last == .text(dryRun ? "would be removed" : "removed") }
        Output.talk("\(removed) segments \(dryRun ? "would be " : "")removed, \(grouped(freed)) bytes")
    }

    private func row(_ decision: LogRetention.Decision) -> [Cell] {
        let segment = decision.segment
        let outcome = decision.keptBecause.map { "kept: \($0)" } ?? (dryRun ? "would be removed" : "removed")
        return [
            .text(String(segment.directory.dropFirst(4))), .text(segment.file), .integer(segment.bytes),
            .integer(Int(segment.baseOffset)), .integer(Int(segment.endOffset) - 1),
            .optional(segment.newestMilliseconds.map { TimeParser.text(milliseconds: $0) }), .text(outcome),
        ]
    }
}
