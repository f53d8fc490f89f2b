import Base
import Console
import Dispatch
import EventLog
import FileStore
import Foundation
import Synchronization

/// Appends to a log and reads it, for so long.
struct LogBenchmark {
    let events: BenchEvents
    let store: DiskStore
    let nanoseconds: Int64

    struct Case {
        var batchBytes: Int
        var compression: LogSettings.Compression
        var durability: LogSettings.Durability

        var settings: LogSettings {
            var settings = LogSettings()
            settings.compression = compression
            settings.durability = durability
            return settings
        }
    }

    private static let folder = "log/bench-0"
    /// Bytes of events that one row writes at most, so that a quick machine does not fill its disk.
    private static let byteCountMax = 2 << 30
    /// Batches that one caller has under way where the throughput is of interest.
    private static let window = 16

    /// One thread with a log of its own.
    func appendAlone(_ row: Case) throws(CommandError) -> BenchCount {
        try clean()
        let chunks = events.chunks(of: row.batchBytes)
        var count = BenchCount()
        do throws(LogError) {
            let log = try PartitionLog(directory: Self.folder, store: store, settings: row.settings)
            let builder = RecordBatchBuilder()
            let began = monotonicNanoseconds()
            var last = began
            var next = 0
            while last - began < nanoseconds, count.bytes < Self.byteCountMax {
                let chunk = chunks[next % chunks.count]
                next += 1
                events.fill(builder, chunk)
                _ = try log.append(builder)
                count.bytes += events.byteRange(chunk).count
                count.events += chunk.count
                let now = monotonicNanoseconds()
                count.latencies.append(now - last)
                last = now
            }
            count.seconds = Double(last - began) * 1e-9
            try log.close()
        } catch {
            throw CommandError(error)
        }
        count.latencies.sort()
        return count
    }

    /// So many threads with one log. Each waits for the acknowledgement of the batch `window` before the one it sends,
    /// so a window of 1 is a caller that waits for each.
    func append(_ row: Case, callers: Int, window: Int = Self.window) throws(CommandError) -> BenchCount {
        try clean()
        do throws(LogError) {
            let log = try SharedLog(directories: [Self.folder], store: store, settings: row.settings)
            let chunks = events.chunks(of: row.batchBytes)
            let total = Mutex(BenchCount())
            let failure = Mutex<LogError?>(nil)
            let group = DispatchGroup()
            let began = monotonicNanoseconds()
            for caller in 0..<callers {
                group.enter()
                let thread = Thread { [events, nanoseconds] in
                    defer { group.leave() }
                    do throws(LogError) {
                        let from = chunks.count * caller / callers
                        let count = try Self.call(
                            log,
                            events,
                            row.compression,
                            chunks,
                            from,
                            window,
                            began + nanoseconds
                        )
                        total.withLock { total in
                            total.bytes += count.bytes
                            total.events += count.events
                            total.latencies += count.latencies
                        }
                    } catch {
                        failure.withLock { $0 = error }
                    }
                }
                thread.start()
            }
            group.wait()
            if let failure = failure.withLock({ $0 }) { throw failure }
            var count = total.withLock { $0 }
            count.seconds = Double(monotonicNanoseconds() - began) * 1e-9
            count.latencies.sort()
            try log.close()
            return count
        } catch {
            throw CommandError(error)
        }
    }

    private static func call(
        _ log: SharedLog,
        _ events: BenchEvents,
        _ compression: LogSettings.Compression,
        _ chunks: [Range<Int>],
        _ from: Int,
        _ window: Int,
        _ end: Int64
    ) throws(LogError) -> BenchCount {
        var count = BenchCount()
        let builder = RecordBatchBuilder()
        var pending: [(ticket: AppendTicket, sent: Int64)] = []
        var oldest = 0
        var next = from
        while monotonicNanoseconds() < end, count.bytes < byteCountMax {
            let chunk = chunks[next % chunks.count]
            next += 1
            events.fill(builder, chunk)
            let batch = try builder.encoded(compression)
            pending.append((try log.enqueue(batch, to: 0), monotonicNanoseconds()))
            count.bytes += events.byteRange(chunk).count
            count.events += chunk.count
            guard pending.count - oldest >= window else { continue }
            _ = try pending[oldest].ticket.wait()
            count.latencies.append(monotonicNanoseconds() - pending[oldest].sent)
            oldest += 1
            if oldest == 1024 {
                pending.removeFirst(oldest)
                oldest = 0
            }
        }
        for entry in pending[oldest...] {
            _ = try entry.ticket.wait()
            count.latencies.append(monotonicNanoseconds() - entry.sent)
        }
        return count
    }

    /// Reads what the row before has written, again and again; the seconds are the processor's.
    func read() throws(CommandError) -> BenchCount {
        var count = BenchCount()
        let batch = RecordBatch()
        do throws(LogError) {
            let began = monotonicNanoseconds()
            let worked = processorNanoseconds()
            var now = began
            while now - began < nanoseconds {
                let reader = PartitionReader(directory: Self.folder, store: store)
                while now - began < nanoseconds, try reader.next(into: batch) {
                    count.events += batch.count
                    for record in batch.records { count.bytes += record.value.count + 1 }
                    now = monotonicNanoseconds()
                }
                guard count.events > 0 else { break }
            }
            count.seconds = Double(processorNanoseconds() - worked) * 1e-9
        } catch {
            throw CommandError(error)
        }
        return count
    }

    private func clean() throws(CommandError) {
        do throws(FileError) {
            for name in try store.list(Self.folder) { try store.remove(Self.folder + "/" + name) }
            // The next log begins anew, and does not lack this one.
            try store.remove("log/" + LogManifest.name)
        } catch {
            throw .storage(error.description)
        }
    }
}
