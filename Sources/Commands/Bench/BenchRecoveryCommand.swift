import ArgumentParser
import Base
import Decode
import Engine
import EventLog
import FileStore
import Foundation
import Plan
import StateStore
import Traffic
import Windows

/// `bench recovery`
struct BenchRecoveryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recovery",
        abstract: "How long a log takes to open after a crash, and what a checkpoint costs.",
        discussion: """
            Writes logs of the given sizes without closing them, as a kill leaves them, and opens them again. Then fills an \
            engine with the default pipeline's state from simulated events and makes checkpoints: `copy` is what the \
            engine waits for, `write` and `restore` are the disk's part.

              patternalarm bench recovery
              patternalarm bench recovery --gib 1 --gib 5 --gib 10 --dir /mnt/disk
            """
    )

    @Option(help: "Size of a log in GiB; may be given more than once.")
    var gib: [Double] = [0.5, 1, 2]

    @Option(help: "Simulated events for the state.")
    var events = 400_000

    @Option(help: "A folder on the disk to measure; the system's temporary folder otherwise.")
    var dir: String?

    @Option(help: "How to write it.")
    var format: OutputFormat = .table

    func validate() throws {
        guard gib.allSatisfy({ $0 > 0 && $0 <= 1024 }) else { throw ValidationError("--gib must be from 0 to 1024.") }
        guard events > 0 else { throw ValidationError("--events must be at least 1.") }
    }

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let folder =
                (dir ?? FileManager.default.temporaryDirectory.path)
                + "/patternalarm-bench-\(ProcessInfo.processInfo.processIdentifier)"
            defer { Scratch.remove(folder) }
            let store = DiskStore(root: folder)
            var listing = Listing(columns: ["measure", "size", "unit", "milliseconds", "ms_per_100k_keys"], rows: [])
            do throws(LogError) {
                for size in gib {
                    let seconds = try reopen(size, store)
                    listing.rows.append([
                        .text("open a log that was not closed"), .number(size, decimals: 1), .text("GiB"),
                        .number(seconds * 1000, decimals: 1), .null,
                    ])
                }
            } catch {
                throw CommandError(error)
            }
            try checkpoints(store, &listing)
            listing.write(as: format)
        }
    }

    /// Writes a log and leaves it, then opens it; seconds.
    private func reopen(_ gibibytes: Double, _ store: DiskStore) throws(LogError) -> Double {
        let directory = "log/size-\(Int(gibibytes * 1000))"
        var settings = LogSettings()
        settings.compression = .none
        let builder = RecordBatchBuilder()
        let source = BenchEvents()
        var log: PartitionLog? = try PartitionLog(directory: directory, store: store, settings: settings)
        let chunks = source.chunks(of: 256 << 10)
        var written = 0.0
        var next = 0
        while written < gibibytes * 0x1p30 {
            builder.removeAll()
            source.bytes.withUnsafeBytes { bytes in
                for line in source.lines[chunks[next % chunks.count]] {
                    let value = UnsafeRawBufferPointer(rebasing: bytes[line])
                    builder.add(timestampMilliseconds: 1, key: nil, value: value, headers: [])
                }
            }
            next += 1
            written += Double(builder.byteCount)
            _ = try log?.append(builder)
        }
        log = nil
        let start = ContinuousClock.now
        log = try PartitionLog(directory: directory, store: store, settings: settings)
        let seconds = start.duration(to: .now) / .seconds(1)
        withExtendedLifetime(log) {}
        do throws(FileError) {
            for name in try store.list(directory) where !name.hasPrefix("lost") {
                try store.remove(directory + "/" + name)
            }
        } catch {
            throw .file(error)
        }
        return seconds
    }

    private func checkpoints(_ store: DiskStore, _ listing: inout Listing) throws(CommandError) {
        var plan = try PipelineFile.load(nil).plan
        plan.partitionCount = 1
        let engine = PartitionEngine(featuresOf: plan, partition: 0, capacity: PartitionRunner.capacity)
        let decoder = EventDecoder(plan: plan)
        let batch = ColumnBatch(schema: plan.schema, capacity: PartitionRunner.capacity)
        var settings = TrafficSettings()
        settings.events = events
        var generator = TrafficGenerator(settings)
        var output = EngineOutput(partition: 0)
        var offset: Int64 = 0
        let states = CheckpointStore(directory: "state/bench", fingerprint: "bench", store: store)
        func feed(_ count: Int) {
            var left = count
            var line: [UInt8] = []
            while left > 0 {
                batch.removeAll()
                while batch.count < min(PartitionRunner.capacity, left) {
                    line.removeAll(keepingCapacity: true)
                    guard generator.next(into: &line) != nil else { break }
                    line.removeLast()
                    line.withUnsafeBufferPointer { decoder.decode($0, into: batch) }
                }
                guard batch.count > 0 else { return }
                let rows = (0..<Int32(batch.count)).map { $0 }
                rows.withUnsafeBufferPointer {
                    engine.process(batch, rows: $0, baseOffset: LogOffset(offset), emits: false, into: &output)
                }
                offset += Int64(batch.count)
                left -= batch.count
            }
        }
        func note(_ name: String, _ image: StateImage, _ elapsed: Duration) {
            let milliseconds = elapsed / .milliseconds(1)
            listing.rows.append([
                .text(name), .integer(image.count), .text("keys"), .number(milliseconds, decimals: 2),
                .number(milliseconds / Double(max(1, image.count)) * 100_000, decimals: 2),
            ])
        }
        do throws(StateError) {
            var last: StateImage?
            let tenth = events / 10
            let steps = [("whole state", tenth * 8), ("changes since", tenth), ("changes again", tenth)]
            for (name, count) in steps {
                feed(count)
                var start = ContinuousClock.now
                let image = engine.beginImage(offset: offset, all: false, reusing: last)
                while !engine.fillImage(image, bytes: 128 << 10) {}
                last = image
                note("checkpoint, \(name): copy", image, start.duration(to: .now))
                start = .now
                try states.install(image)
                note("checkpoint, \(name): write", image, start.duration(to: .now))
            }
            let fresh = PartitionEngine(featuresOf: plan, partition: 0, capacity: 1)
            let again = CheckpointStore(directory: "state/bench", fingerprint: "bench", store: store)
            let start = ContinuousClock.now
            guard let restored = try restore(again) else { return }
            _ = try fresh.restore(restored, from: again, limit: nil)
            listing.rows.append([
                .text("checkpoint: check and restore"), .number(Double(fresh.stateBytes) / 0x1p20, decimals: 1),
                .text("MiB"), .number(start.duration(to: .now) / .milliseconds(1), decimals: 1), .null,
            ])
        } catch {
            throw .storage(error.description)
        }
    }

    private func restore(_ store: CheckpointStore) throws(StateError) -> CheckpointStore.Restored? {
        do throws(FileError) { return try store.restore(upTo: .max).restored } catch { throw .file(error) }
    }
}
