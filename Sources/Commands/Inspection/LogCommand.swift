import ArgumentParser
import Base
import Bytes
import EventLog
import FileStore
import Foundation

/// `log`: look at the event log itself.
struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "List, print and verify the event log.",
        subcommands: [LogListCommand.self, LogCatCommand.self, LogVerifyCommand.self]
    )
}

/// Where the log is.
struct LogPlace: ParsableArguments {
    @Option(help: "The data directory.")
    var dataDir = "patternalarm-data"

    func store() throws(CommandError) -> DiskStore {
        guard FileManager.default.fileExists(atPath: dataDir + "/log") else {
            throw .storage("there is no log in \(dataDir); run `patternalarm replay` first, or name it with --data-dir")
        }
        return DiskStore(root: dataDir)
    }

    /// The folders of the partitions.
    func partitions(_ store: DiskStore) throws(CommandError) -> [String] {
        do throws(FileError) {
            // A partition's folder ends with its number; beside them are the consumers' offsets.
            return try store.list("log").filter { $0.split(separator: "-").last.flatMap { Int($0) } != nil }
        } catch {
            throw .storage(error.description)
        }
    }

    func report(_ partition: String, _ store: DiskStore) throws(CommandError) -> LogReport {
        do throws(LogError) {
            return try LogReport.verify(directory: "log/" + partition, store: store)
        } catch {
            throw CommandError(error)
        }
    }
}

/// `log ls`
struct LogListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the log's segments.",
        discussion: "  patternalarm log ls --data-dir work --format csv"
    )

    @OptionGroup var place: LogPlace

    @Option(help: "table, csv, json or jsonl.")
    var format: OutputFormat = .table

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let store = try place.store()
            var listing = Listing(
                columns: ["partition", "file", "bytes", "batches", "records", "first_offset", "end_offset", "newest"],
                rows: []
            )
            for partition in try place.partitions(store) {
                for segment in try place.report(partition, store).segments {
                    let newest = segment.largestTimestampMilliseconds
                    listing.rows.append([
                        .text(partition), .text(String(segment.file.split(separator: "/").last ?? "")),
                        .integer(segment.bytes), .integer(segment.batches), .integer(segment.records),
                        .integer(Int(segment.firstOffset)), .integer(Int(segment.endOffset)),
                        newest == .min ? .null : .text(TimeParser.text(milliseconds: newest)),
                    ])
                }
            }
            listing.write(as: format)
        }
    }
}

/// `log cat`
struct LogCatCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cat",
        abstract: "Print events from the log, as they came.",
        discussion: """
              patternalarm log cat --partition 0 --from 1000 --limit 5
              patternalarm log cat --key A482913
            """
    )

    @OptionGroup var place: LogPlace

    @Option(help: "Partition; all of them otherwise.")
    var partition: Int?

    @Option(help: "First offset.")
    var from: Int64 = 0

    @Option(help: "Events at most.")
    var limit: Int?

    @Option(help: "Only events with this key.")
    var key: String?

    @Flag(help: "Put partition, offset and time before each event, separated by tabs.")
    var withOffsets = false

    func validate() throws {
        guard from >= 0 else { throw ValidationError("--from must not be negative.") }
    }

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let store = try place.store()
            var left = limit ?? .max
            for name in try place.partitions(store) where left > 0 {
                if let partition, !name.hasSuffix("-\(partition)") { continue }
                do throws(LogError) {
                    try print(name, store, &left)
                } catch {
                    throw CommandError(error)
                }
            }
        }
    }

    private func print(_ name: String, _ store: DiskStore, _ left: inout Int) throws(LogError) {
        let reader = PartitionReader(directory: "log/" + name, store: store, from: LogOffset(from))
        let batch = RecordBatch()
        let wanted = key.map { Array($0.utf8) }
        while left > 0, try reader.next(into: batch) {
            var out: [UInt8] = []
            for (index, record) in batch.records.enumerated() {
                let offset = batch.baseOffset + Int64(index)
                guard offset >= from, left > 0 else { continue }
                if let wanted, record.key.map({ Array(batch.bytes[$0]) }) != wanted { continue }
                if withOffsets {
                    let time = TimeParser.text(milliseconds: record.timestampMilliseconds)
                    out.append(contentsOf: "\(name)\t\(offset)\t\(time)\t".utf8)
                }
                out.append(contentsOf: batch.bytes[record.value])
                out.append(0x0A)
                left -= 1
            }
            Output.data(out)
        }
    }
}

/// `log verify`
struct LogVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every batch of the log: checksum, continuity, content.",
        discussion: "  patternalarm log verify --data-dir work"
    )

    @OptionGroup var place: LogPlace

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let store = try place.store()
            var damage: [LogDamage] = []
            for partition in try place.partitions(store) {
                let report = try place.report(partition, store)
                let batches = report.segments.reduce(0) { $0 + $1.batches }
                let records = report.segments.reduce(0) { $0 + $1.records }
                Output.data(
                    "\(partition): \(report.segments.count) segments, \(batches) batches, \(records) records, "
                        + (report.damage.isEmpty ? "ok\n" : "\(report.damage.count) damaged places\n")
                )
                damage += report.damage
            }
            guard damage.isEmpty else {
                throw .damaged(damage.map { "\($0.file): byte \($0.position): \($0.words)" }.joined(separator: "\n"))
            }
        }
    }
}
