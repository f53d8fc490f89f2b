import AlertStore
import ArgumentParser
import Base
import Bytes
import EventLog
import FileStore
import Foundation
import Plan
import StateStore

/// `log retain`
struct LogRetainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retain",
        abstract: "Remove the oldest segments of the log.",
        discussion: """
            Only whole segments go, the oldest first, and never a partition's last one. Age is counted back from the \
            newest event of the log, not from today. What has not been through the detectors yet stays, and so does what \
            a file in log/consumers/ still needs (lines of partition folder and offset, such as `payments-0 1200`); \
            --force removes it all the same. Alerts that are there stay, but what is removed cannot be replayed again.

              patternalarm log retain --age 30d --dry-run
              patternalarm log retain --bytes 10GB --age 90d
            """
    )

    @OptionGroup var place: LogPlace

    @Option(help: "What the log may take at most: bytes, or with KB, MB, GB (powers of 1000).")
    var bytes: String?

    @Option(help: "How old events may be, such as 12h or 30d.")
    var age: String?

    @Option(help: "The alerts file (default: alerts.sqlite in the data directory).")
    var alerts: String?

    @Flag(help: "Remove what is still needed, or damaged, too.")
    var force = false

    @Flag(help: "Only list what would be removed.")
    var dryRun = false

    @Option(help: "table, csv, json or jsonl.")
    var format: OutputFormat = .table

    func validate() throws {
        let policy = try policy()
        guard policy.bytes != nil || policy.ageMilliseconds != nil else {
            throw ValidationError("Say how much to keep: --bytes, --age, or both.")
        }
    }

    private func policy() throws -> RetentionPolicy {
        var policy = RetentionPolicy()
        policy.bytes = try bytes.map { text in
            guard let value = Self.byteCount(text) else {
                throw ValidationError("--bytes takes a size such as 500000000, 500MB or 10GB.")
            }
            return value
        }
        policy.ageMilliseconds = try age.map { text in
            guard let value = Plan.duration(text) else {
                throw ValidationError("--age takes a duration such as 12h or 30d.")
            }
            return value / 1000
        }
        return policy
    }

    static func byteCount(_ text: String) -> Int? {
        let units = [("KB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000)]
        let unit = units.first { text.hasSuffix($0.0) }
        guard let count = Int(unit == nil ? text : String(text.dropLast(2))), count >= 0 else { return nil }
        let (product, overflows) = count.multipliedReportingOverflow(by: unit?.1 ?? 1)
        return overflows ? nil : product
    }

    func run() throws {
        let policy = try policy()
        try CommandError.reporting { () throws(CommandError) in try retain(policy) }
    }

    private func retain(_ policy: RetentionPolicy) throws(CommandError) {
        let store = try place.store()
        let lock = dryRun ? nil : try place.lock()
        defer { withExtendedLifetime(lock) {} }
        let partitions = try place.partitions(store)
        let needed = force ? nil : try neededOffsets(partitions, store)
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

    /// The smallest offset that somebody still needs, for each folder.
    private func neededOffsets(
        _ partitions: [LogPartition],
        _ store: DiskStore
    ) throws(CommandError) -> [String: LogOffset] {
        var needed: [String: LogOffset] = [:]
        let path = alerts ?? place.dataDir + "/alerts.sqlite"
        if FileManager.default.fileExists(atPath: path) {
            do throws(AlertStoreError) {
                let database = try AlertDatabase(path: path, readOnly: true)
                for topic in Set(partitions.map(\.topic)).sorted() {
                    for entry in try database.progress(topic: topic) {
                        needed["log/\(topic)-\(entry.partition)"] = LogOffset(entry.nextOffset)
                    }
                }
            } catch {
                throw CommandError(error)
            }
        }
        for partition in partitions {
            guard let committed = needed[partition.directory],
                let checkpoint = try Self.oldestCheckpoint(partition, upTo: committed, store)
            else { continue }
            // A restart reads on from a checkpoint: what lies between it and the committed offset is its state.
            needed[partition.directory] = checkpoint
        }
        for file in try consumerFiles(store) {
            let offsets = try Self.consumerOffsets(file, store)
            for partition in partitions {
                guard let known = needed[partition.directory] else { continue }
                // A consumer that does not name a partition has read nothing of it.
                needed[partition.directory] = min(known, offsets[partition.name] ?? LogOffset(0))
            }
        }
        return needed
    }

    /// The oldest checkpoint that a restart may fall back to, whatever pipeline it is of.
    private static func oldestCheckpoint(
        _ partition: LogPartition,
        upTo committed: LogOffset,
        _ store: DiskStore
    ) throws(CommandError) -> LogOffset? {
        let checkpoints = CheckpointStore(directory: "state/" + partition.name, fingerprint: "", store: store)
        do throws(FileError) {
            return try checkpoints.summaries().map { LogOffset($0.offset) }
                .filter { $0 >= LogOffset(0) && $0 <= committed }.min()
        } catch {
            throw .storage(error.description)
        }
    }

    private func consumerFiles(_ store: DiskStore) throws(CommandError) -> [String] {
        do throws(FileError) {
            return try store.list("log/consumers").map { "log/consumers/" + $0 }
        } catch {
            throw .storage(error.description)
        }
    }

    private static func consumerOffsets(
        _ file: String,
        _ store: DiskStore
    ) throws(CommandError) -> [String: LogOffset] {
        let bytes: [UInt8]
        do throws(FileError) { bytes = try store.contents(of: file) ?? [] } catch { throw .storage(error.description) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .storage("\(file) is no text: delete it if that consumer is gone, or use --force")
        }
        var offsets: [String: LogOffset] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ")
            guard parts.count == 2, let offset = Int64(parts[1]), offset >= 0 else {
                throw .storage(
                    "\(file): \"\(Output.safe(String(line)))\" is no partition and offset; mend it, or use --force"
                )
            }
            offsets[String(parts[0])] = LogOffset(offset)
        }
        return offsets
    }
}
