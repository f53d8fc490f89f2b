import Base
import Console
import EventLog
import Foundation
import Traffic

/// The events that a benchmark writes: lines in one stretch of memory.
struct BenchEvents: Sendable {
    private(set) var bytes: [UInt8] = []
    /// Where the lines are, without their line feeds.
    private(set) var lines: [Range<Int>] = []

    /// Enough that no cache holds them all.
    private static let byteCountMax = 32 << 20

    /// The built-in simulator's events, the same each time.
    init() {
        var settings = TrafficSettings()
        settings.seed = 1
        settings.events = 60_000
        var generator = TrafficGenerator(settings)
        while bytes.count < Self.byteCountMax, generator.next(into: &bytes) != nil {}
        findLines()
    }

    /// The first lines of a file.
    init(file: String) throws(CommandError) {
        do {
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: file))
            bytes = [UInt8](try handle.read(upToCount: Self.byteCountMax) ?? Data())
        } catch {
            throw .input("cannot read \(file): \(error.localizedDescription)")
        }
        findLines()
        guard !lines.isEmpty else { throw .input("\(file) holds no lines of events") }
    }

    private mutating func findLines() {
        var start = 0
        for (position, byte) in bytes.enumerated() where byte == 0x0A {
            if position > start { lines.append(start..<position) }
            start = position + 1
        }
    }

    /// Runs of lines of about this many bytes.
    func chunks(of byteCount: Int) -> [Range<Int>] {
        var chunks: [Range<Int>] = []
        var start = 0
        var size = 0
        for (number, line) in lines.enumerated() {
            size += line.count
            guard size >= byteCount - line.count / 2 else { continue }
            chunks.append(start..<number + 1)
            start = number + 1
            size = 0
        }
        return chunks.isEmpty ? [0..<lines.count] : chunks
    }

    /// The lines' bytes, line feeds and all.
    func byteRange(_ chunk: Range<Int>) -> Range<Int> {
        lines[chunk.lowerBound].lowerBound..<lines[chunk.upperBound - 1].upperBound
    }

    func fill(_ builder: RecordBatchBuilder, _ chunk: Range<Int>) {
        builder.removeAll()
        bytes.withUnsafeBytes { buffer in
            for number in chunk {
                builder.add(
                    timestampMilliseconds: 1_767_225_600_000 + Int64(number),
                    key: nil,
                    value: UnsafeRawBufferPointer(rebasing: buffer[lines[number]])
                )
            }
        }
    }
}

/// What a row of a benchmark has counted.
struct BenchCount: Sendable {
    var bytes = 0
    var events = 0
    var seconds = 0.0
    /// Nanoseconds of each call that was timed.
    var latencies: [Int64] = []

    var megabytesPerSecond: Double { Double(bytes) / max(seconds, 1e-9) / 1e6 }
    var callsPerSecond: Double { Double(latencies.count) / max(seconds, 1e-9) }

    /// In microseconds; nil if nothing was timed.
    func percentile(_ share: Double) -> Double? {
        guard !latencies.isEmpty else { return nil }
        let index = min(latencies.count - 1, Int(Double(latencies.count) * share))
        return Double(latencies[index]) / 1000
    }
}

/// The monotonic clock in nanoseconds.
func monotonicNanoseconds() -> Int64 { nanoseconds(CLOCK_MONOTONIC) }

/// The processor's time of this thread in nanoseconds: what neighbours take from it does not count.
func processorNanoseconds() -> Int64 { nanoseconds(CLOCK_THREAD_CPUTIME_ID) }

private func nanoseconds(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
