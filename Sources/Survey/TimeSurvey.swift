/// Between which instants times lie, and how they are spelled.
struct TimeRangeSurvey {
    private(set) var least = Int64.max
    private(set) var largest = Int64.min
    /// Times that are only a day, and those that say their offset from UTC.
    private(set) var dates = 0
    private(set) var offsets = 0
    private(set) var hasFractions = false

    mutating func note(_ instant: Int64, _ text: UnsafeBufferPointer<UInt8>) {
        least = min(least, instant)
        largest = max(largest, instant)
        // `2026-01-05`, and `05 Jan 2026`, which is longer.
        if text.count <= 10 || instant % 86_400_000_000 == 0 && !text.contains(0x3A) {
            dates += 1
            return
        }
        let last = text[text.count - 1]
        let hasSign = text.count > 19 && text[16...].contains { $0 == 0x2B || $0 == 0x2D }
        if last | 0x20 == 0x7A || hasSign { offsets += 1 }
        if instant % 1_000_000 != 0 { hasFractions = true }
    }
}

/// How long a key's events are apart, and how far they are out of order.
struct KeyOrder {
    /// Seconds between an event and the newest one of its key before it.
    private(set) var gaps = QuantileSketch()
    private(set) var late = 0
    /// The largest lateness behind a newer event of the same key, microseconds.
    private(set) var lateness: Int64 = 0

    @inline(__always)
    mutating func note(_ time: Int64, _ newest: inout Int64, isFirst: Bool) {
        guard !isFirst, newest != 0 else {
            newest = time
            return
        }
        if time < newest {
            late += 1
            lateness = max(lateness, newest - time)
        } else {
            gaps.add(Double(time - newest) / 1e6)
            newest = time
        }
    }
}

/// The order of a file's events in time.
struct TimeSurvey {
    /// A stretch without an event.
    struct Gap: Sendable, Equatable {
        var from: Int64
        var to: Int64
        /// The line of the first event behind it.
        var line: Int
    }

    private(set) var count = 0
    private(set) var first: Int64 = 0
    private(set) var last: Int64 = 0
    private(set) var least = Int64.max
    private(set) var newest = Int64.min
    /// Events before the newest one of those before them, and by how much at most.
    private(set) var late = 0
    private(set) var lateness: Int64 = 0
    private(set) var latestLine = 0
    /// Of the late ones, seconds.
    private(set) var latenesses = QuantileSketch()
    /// Events that are before the one right before them, and after it.
    private(set) var descents = 0
    private(set) var ascents = 0
    /// The longest stretches without an event, the longest first.
    private(set) var gaps: [Gap] = []

    private static let gapLimit = 3

    /// The largest lateness but for one event in a thousand, or two; microseconds.
    var usualLateness: Int64 {
        let few = max(2, count / 1000)
        // The middle of the rank that is asked for.
        guard late > few, let seconds = latenesses.quantile((Double(late - few) - 0.5) / Double(late)) else { return 0 }
        return min(lateness, Int64(seconds * 1.01 * 1e6))
    }

    mutating func note(_ time: Int64, line: Int) {
        defer { last = time }
        count += 1
        least = min(least, time)
        guard count > 1 else {
            first = time
            newest = time
            return
        }
        if time < last { descents += 1 } else if time > last { ascents += 1 }
        guard time < newest else {
            if time - newest > gaps.last.map({ $0.to - $0.from }) ?? 0 || gaps.count < Self.gapLimit && time > newest {
                gaps.append(Gap(from: newest, to: time, line: line))
                // The earlier one of two that are equally long stays in front.
                gaps.sort { ($0.to - $0.from, -$0.line) > ($1.to - $1.from, -$1.line) }
                if gaps.count > Self.gapLimit { gaps.removeLast() }
            }
            newest = time
            return
        }
        late += 1
        latenesses.add(Double(newest - time) / 1e6)
        if newest - time > lateness {
            lateness = newest - time
            latestLine = line
        }
    }
}
