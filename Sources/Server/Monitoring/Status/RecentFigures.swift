import Histogram

/// What happened in the last minute, second by second.
package struct RecentFigures: Sendable {
    private struct Second: Sendable {
        /// Which second of the monotonic clock; -1 = none yet.
        var number: Int64 = -1
        var events = 0
        var late = 0
        var alerts = 0
        /// Microseconds.
        var latencies = Self.histogram()

        static func histogram() -> Histogram<UInt32> {
            Histogram(highestTrackableValue: RecentFigures.latencyMax, numberOfSignificantValueDigits: .two)
        }
    }

    /// How long alerts took.
    package struct Latency: Sendable, Equatable {
        package var p50Milliseconds: Double
        package var p99Milliseconds: Double
        package var count: Int
    }

    /// A minute, and the second that has just begun.
    private var seconds = Array(repeating: Second(), count: 61)
    private let start: Int64

    /// A longer latency counts as this one; microseconds.
    private static let latencyMax: UInt64 = 600_000_000
    /// How many seconds the rate of events is the mean of.
    private static let rateSeconds: Int64 = 5

    /// - Parameter nanoseconds: The monotonic clock's time from which on things are noted.
    package init(start nanoseconds: Int64) {
        start = nanoseconds / 1_000_000_000
    }

    /// Notes what a commit holds.
    ///
    /// - Parameters:
    ///   - nanoseconds: When it was, by the monotonic clock.
    ///   - events: How many events it accounts for.
    ///   - late: How many of them are late.
    ///   - alerts: How many alerts it opens.
    ///   - latencies: From an event's arrival to its alert's being readable, nanoseconds.
    package mutating func note(at nanoseconds: Int64, events: Int, late: Int = 0, alerts: Int, latencies: [Int64]) {
        let number = nanoseconds / 1_000_000_000
        let index = Int(number % Int64(seconds.count))
        if seconds[index].number != number {
            seconds[index].latencies.reset()
            seconds[index].events = 0
            seconds[index].late = 0
            seconds[index].alerts = 0
            seconds[index].number = number
        }
        seconds[index].events += events
        seconds[index].late += late
        seconds[index].alerts += alerts
        for latency in latencies {
            seconds[index].latencies.record(min(UInt64(max(0, latency) / 1000), Self.latencyMax))
        }
    }

    /// Events a second: the mean of the last full seconds.
    package func eventsPerSecond(at nanoseconds: Int64) -> Double {
        let now = nanoseconds / 1_000_000_000
        let length = min(Self.rateSeconds, max(1, now - start))
        let events = last(length, before: now).reduce(0) { $0 + $1.events }
        return Double(events) / Double(length)
    }

    /// Events of the last minute, and how many of them were late.
    package func lateness(at nanoseconds: Int64) -> (events: Int, late: Int) {
        last(60, before: nanoseconds / 1_000_000_000 + 1).reduce((0, 0)) { ($0.0 + $1.events, $0.1 + $1.late) }
    }

    /// Alerts that were opened in the last sixty full seconds.
    package func alertsPerMinute(at nanoseconds: Int64) -> Int {
        last(60, before: nanoseconds / 1_000_000_000).reduce(0) { $0 + $1.alerts }
    }

    /// How long the alerts of the last minute took; nil if there were none.
    package func latency(at nanoseconds: Int64) -> Latency? {
        var sum = Second.histogram()
        // The second that runs counts, too: a first alert shows at once.
        for second in last(60, before: nanoseconds / 1_000_000_000 + 1) { sum.add(second.latencies) }
        guard sum.totalCount > 0 else { return nil }
        return Latency(
            p50Milliseconds: Double(sum.valueAtPercentile(50)) / 1000,
            p99Milliseconds: Double(sum.valueAtPercentile(99)) / 1000,
            count: Int(sum.totalCount)
        )
    }

    private func last(_ count: Int64, before end: Int64) -> [Second] {
        seconds.filter { $0.number >= end - count && $0.number < end }
    }
}
