public import ArgumentParser
import Console
import EventLog
import FileStore
import Foundation

/// `bench log`
public struct BenchLogCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "Throughput and latency of the event log, beside what the machine can do at best.",
        discussion: """
            "limit" rows are the machine's own: LZ4 alone on one core, and a plain loop of write and fdatasync into a file \
            of zeros. of_limit compares a row with its limit: throughput with LZ4, latency (p50) and acknowledgements a \
            second with the loop. MB are those of the events, before compression. Decompression and the read rows count the \
            processor's time, all others the clock's. Latency is that of an acknowledgement; callers of the append rows \
            have 16 batches under way, those of the ack rows wait for each.

              patternalarm bench log
              patternalarm bench log --seconds 3 --dir /mnt/disk --format csv
              patternalarm bench log --events recording.jsonl --only ack
            """
    )

    @Option(help: "Seconds for each row.")
    var seconds = 1.0

    @Option(help: "A folder on the disk to measure; the system's temporary folder otherwise.")
    var dir: String?

    @Option(help: "A file with one event a line; the built-in simulator's events otherwise.")
    var events: String?

    @Option(help: "Only append, read or ack rows, and their limits; all of them otherwise.")
    var only: Part?

    @Option(help: "KiB of events in a batch of the append and read rows; may be given more than once.")
    var batchKib = [1, 16, 256]

    @Option(help: "How to write it.")
    var format: OutputFormat = .table

    enum Part: String, ExpressibleByArgument, CaseIterable {
        case append, read, ack
    }

    public init() {}

    /// Checks what the options say.
    public func validate() throws {
        guard seconds > 0, seconds <= 3600 else { throw ValidationError("--seconds must lie between 0 and 3600.") }
        guard batchKib.allSatisfy({ (1...16_384).contains($0) }) else {
            throw ValidationError("--batch-kib must lie between 1 and 16384.")
        }
    }

    /// Measures, and prints what was measured.
    public func run() throws {
        try CommandError.reporting { () throws(CommandError) in try measure() }
    }

    private func measure() throws(CommandError) {
        let events = if let file = self.events { try BenchEvents(file: file) } else { BenchEvents() }
        let folder =
            (dir ?? FileManager.default.temporaryDirectory.path)
            + "/patternalarm-bench-\(ProcessInfo.processInfo.processIdentifier)"
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw .storage("cannot make \(folder): \(error.localizedDescription)")
        }
        defer {
            do {
                try FileManager.default.removeItem(atPath: folder)
            } catch {
                Output.talk("\(folder) could not be removed: \(error.localizedDescription)")
            }
        }
        let nanoseconds = Int64(seconds * 1e9)
        let limits = BenchLimits(events: events, nanoseconds: nanoseconds)
        let bench = LogBenchmark(events: events, store: DiskStore(root: folder), nanoseconds: nanoseconds)
        var table = BenchTable()
        if only != .ack {
            for kibibytes in batchKib { try throughput(kibibytes, limits, bench, &table) }
        }
        if only == nil || only == .ack { try acknowledgements(folder, limits, bench, &table) }
        table.listing.write(as: format)
    }

    private func throughput(
        _ kibibytes: Int,
        _ limits: BenchLimits,
        _ bench: LogBenchmark,
        _ table: inout BenchTable
    ) throws(CommandError) {
        let codec = limits.lz4(chunkBytes: kibibytes << 10)
        var row = BenchTable.Row(name: "", kibibytes: kibibytes)
        if only != .read { table.add(row.named("limit: compress", "lz4"), codec.compress, nil) }
        if only != .append { table.add(row.named("limit: decompress", "lz4"), codec.decompress, nil) }
        for compression in [LogSettings.Compression.lz4, .none] {
            let name = compression == .lz4 ? "lz4" : "none"
            let limit = compression == .lz4 ? codec.compress.megabytesPerSecond : nil
            var way = LogBenchmark.Case(batchBytes: kibibytes << 10, compression: compression, durability: .os)
            row.flush = "os"
            row.callers = nil
            let alone = try bench.appendAlone(way)
            if only != .read {
                table.add(row.named("append, own log", name), alone, limit.map { alone.megabytesPerSecond / $0 })
            }
            if only != .append {
                let read = try bench.read()
                let best = compression == .lz4 ? codec.decompress.megabytesPerSecond : nil
                var row = row
                row.flush = nil
                table.add(row.named("read", name), read, best.map { read.megabytesPerSecond / $0 })
            }
            guard only != .read else { continue }
            row.callers = 1
            for (flush, durability) in [
                ("os", LogSettings.Durability.os), ("50 ms", .interval(milliseconds: 50)), ("fsync", .fsync),
            ] {
                way.durability = durability
                row.flush = flush
                let count = try bench.append(way, callers: 1)
                table.add(row.named("append", name), count, limit.map { count.megabytesPerSecond / $0 })
            }
        }
    }

    private func acknowledgements(
        _ folder: String,
        _ limits: BenchLimits,
        _ bench: LogBenchmark,
        _ table: inout BenchTable
    ) throws(CommandError) {
        var row = BenchTable.Row(name: "", kibibytes: 4)
        for callers in [1, 64] {
            var limit = try limits.syncedWrites(folder, byteCount: callers * 4096)
            row.callers = callers
            row.flush = "fsync"
            var best = limit.percentile(0.5) ?? 0
            if callers > 1 {
                // One write and one sync for a batch of every caller.
                limit.latencies = limit.latencies.flatMap { repeatElement($0, count: callers) }
                best = limit.callsPerSecond
            }
            table.add(row.named("limit: write + fdatasync", "none"), limit, nil)
            for (flush, durability) in [
                ("fsync", LogSettings.Durability.fsync), ("50 ms", .interval(milliseconds: 50)), ("os", .os),
            ] {
                let way = LogBenchmark.Case(batchBytes: 4096, compression: .none, durability: durability)
                let count = try bench.append(way, callers: callers, window: 1)
                row.flush = flush
                let share = callers > 1 ? count.callsPerSecond / best : (count.percentile(0.5) ?? 0) / best
                table.add(row.named("ack", "none"), count, durability == .fsync ? share : nil)
            }
        }
    }
}

/// The rows of `bench log`.
private struct BenchTable {
    struct Row {
        var name: String
        var kibibytes: Int
        var codec = ""
        var flush: String?
        var callers: Int?

        func named(_ name: String, _ codec: String) -> Row {
            var row = self
            row.name = name
            row.codec = codec
            return row
        }
    }

    private(set) var listing = Listing(
        columns: [
            "measure", "batch_kib", "codec", "flush", "callers", "mb_per_s", "events_per_s", "acks_per_s", "p50_us",
            "p99_us",
            "p999_us", "of_limit",
        ],
        rows: []
    )

    mutating func add(_ row: Row, _ count: BenchCount, _ share: Double?) {
        let hasEvents = count.events > 0
        let hasCalls = !count.latencies.isEmpty
        listing.rows.append([
            .text(row.name), .integer(row.kibibytes), .text(row.codec), .optional(row.flush),
            row.callers.map { .integer($0) } ?? .null, .number(count.megabytesPerSecond, decimals: 1),
            hasEvents ? .integer(Int(Double(count.events) / max(count.seconds, 1e-9))) : .null,
            hasCalls ? .integer(Int(count.callsPerSecond)) : .null,
            .optional(count.percentile(0.5), decimals: 1), .optional(count.percentile(0.99), decimals: 1),
            .optional(count.percentile(0.999), decimals: 1), .optional(share, decimals: 2),
        ])
    }
}
