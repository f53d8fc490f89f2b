import Base
public import Console
import Decode
import Engine
import EventLog
public import FileStore
import Partition
public import Plan
import State
import StateStore
import Traffic
import Windows

/// How long a log takes to open after a crash, and what a checkpoint costs.
public struct RecoveryBenchmark {
    /// What the rows hold.
    public static let columns = ["measure", "size", "unit", "milliseconds", "ms_per_100k_keys"]

    private let store: DiskStore

    /// - Parameter store: An empty folder.
    public init(store: DiskStore) { self.store = store }

    /// Writes a log and leaves it, then opens it.
    ///
    /// - Returns: A row of ``columns``.
    public func reopen(gibibytes: Double) throws(CommandError) -> [Cell] {
        do throws(LogError) {
            return [
                .text("open a log that was not closed"), .number(gibibytes, decimals: 1), .text("GiB"),
                .number(try seconds(gibibytes) * 1000, decimals: 1), .null,
            ]
        } catch {
            throw CommandError(error)
        }
    }

    private func seconds(_ gibibytes: Double) throws(LogError) -> Double {
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

    /// Fills an engine with the state of simulated events and makes checkpoints.
    ///
    /// - Returns: Rows of ``columns``.
    public func checkpoints(_ source: PipelinePlan, events: Int) throws(CommandError) -> [[Cell]] {
        var plan = source
        plan.partitionCount = 1
        var rows: [[Cell]] = []
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
                let all = (0..<Int32(batch.count)).map { $0 }
                all.withUnsafeBufferPointer {
                    engine.process(batch, rows: $0, baseOffset: LogOffset(offset), emits: false, into: &output)
                }
                offset += Int64(batch.count)
                left -= batch.count
            }
        }
        func note(_ name: String, _ image: StateImage, _ elapsed: Duration) {
            let milliseconds = elapsed / .milliseconds(1)
            rows.append([
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
            guard let restored = try restore(again) else { return rows }
            try restore(restored, of: again, into: fresh)
            rows.append([
                .text("checkpoint: check and restore"), .number(Double(fresh.stateBytes) / 0x1p20, decimals: 1),
                .text("MiB"), .number(start.duration(to: .now) / .milliseconds(1), decimals: 1), .null,
            ])
            return rows
        } catch {
            throw .storage(error.description)
        }
    }

    private func restore(_ store: CheckpointStore) throws(StateError) -> RestoredState? {
        do throws(FileError) { return try store.restore(upTo: .max).restored } catch { throw .file(error) }
    }

    private func restore(
        _ restored: RestoredState,
        of store: CheckpointStore,
        into engine: PartitionEngine
    ) throws(StateError) {
        do throws(ColdError) { _ = try engine.restore(restored, from: store, limit: nil) } catch {
            throw StateError(error, in: store)
        }
    }
}
