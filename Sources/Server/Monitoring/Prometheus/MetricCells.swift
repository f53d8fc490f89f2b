import CoreMetrics
import Runtime
import Synchronization

/// A number that only grows.
final class CounterCell: CounterHandler {
    private let count = Atomic<Int64>(0)

    var value: Int64 { count.load(ordering: .relaxed) }

    func increment(by amount: Int64) { count.wrappingAdd(amount, ordering: .relaxed) }

    func reset() { count.store(0, ordering: .relaxed) }
}

/// A number as it is now.
final class GaugeCell: RecorderHandler, MeterHandler {
    private let bits = Atomic<UInt64>(Double.zero.bitPattern)

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func record(_ value: Int64) { set(Double(value)) }

    func record(_ value: Double) { set(value) }

    func set(_ value: Int64) { set(Double(value)) }

    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    func increment(by amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let (exchanged, original) = bits.compareExchange(expected: old, desired: new, ordering: .relaxed)
            if exchanged { return }
            old = original
        }
    }

    func decrement(by amount: Double) { increment(by: -amount) }
}

/// How values are distributed over fixed buckets.
package final class HistogramCell: BatchTimer, RecorderHandler {
    /// The distribution at a moment.
    package struct Snapshot: Sendable {
        /// Values of each bucket alone; the last has what is over all bounds.
        package var counts: [Int]
        package var sum: Double
    }

    /// Upper bounds, ascending; a value that is equal to one belongs below it.
    package let bounds: [Double]
    private let state: Mutex<Snapshot>

    package init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(Snapshot(counts: Array(repeating: 0, count: bounds.count + 1), sum: 0))
    }

    package var snapshot: Snapshot { state.withLock { $0 } }

    package func record(_ value: Double, count: Int) {
        let bucket = bucket(value)
        state.withLock { state in
            state.counts[bucket] += count
            state.sum += value * Double(count)
        }
    }

    package func record(_ value: Double) { record(value, count: 1) }

    package func record(_ value: Int64) { record(Double(value), count: 1) }

    package func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9, count: 1) }

    package func recordNanoseconds(_ duration: Int64, count: Int) { record(Double(duration) / 1e9, count: count) }

    /// The first bucket whose bound is not below the value.
    private func bucket(_ value: Double) -> Int {
        var low = 0
        var high = bounds.count
        while low < high {
            let middle = (low + high) / 2
            if bounds[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
