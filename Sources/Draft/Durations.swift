/// Lengths of time as a pipeline file writes them.
enum Durations {
    static let second: Int64 = 1_000_000
    static let minute: Int64 = 60 * second
    static let hour: Int64 = 60 * minute
    static let day: Int64 = 24 * hour

    /// Windows that people think in.
    static let windows: [Int64] = [
        minute, 5 * minute, 15 * minute, hour, 6 * hour, day, 7 * day, 30 * day, 90 * day,
    ]

    private static let round: [Int64] =
        [0, second, 5 * second, 10 * second, 30 * second]
        + [minute, 2 * minute, 5 * minute, 10 * minute, 30 * minute]
        + [hour, 2 * hour, 6 * hour, 12 * hour, day, 2 * day, 7 * day, 14 * day, 30 * day, 90 * day]

    /// The next round length that is not shorter; whole days beyond the round ones.
    static func roundedUp(_ length: Int64) -> Int64 {
        round.first { $0 >= length } ?? (length + day - 1) / day * day
    }

    /// `30s`, `15m`, `7d`; what is no whole number of seconds in milliseconds.
    static func text(_ length: Int64) -> String {
        for (size, unit) in [(day, "d"), (hour, "h"), (minute, "m"), (second, "s")]
        where length >= size && length % size == 0 {
            return "\(length / size)\(unit)"
        }
        return length == 0 ? "0s" : "\((length + 999) / 1000)ms"
    }

    /// For a comment: the largest unit and one decimal, `4.6 hours`.
    static func about(_ length: Int64) -> String {
        for (size, unit) in [(day, "days"), (hour, "hours"), (minute, "minutes"), (second, "seconds")]
        where length >= size {
            let tenths = length / (size / 10)
            return tenths % 10 == 0 ? words(length / size * size) : "\(tenths / 10).\(tenths % 10) \(unit)"
        }
        return text(length)
    }

    /// `7 days`, `15 minutes`.
    static func words(_ length: Int64) -> String {
        for (size, unit) in [(day, "day"), (hour, "hour"), (minute, "minute"), (second, "second")]
        where length >= size && length % size == 0 { return "\(length / size) \(unit)\(length == size ? "" : "s")" }
        return text(length)
    }
}
