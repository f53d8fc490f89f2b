import Plan

/// A stretch of event time, in microseconds: from its beginning on, before its end.
public struct TimeRange: Hashable, Sendable {
    public var from: Int64
    /// The first time that is no longer in it; the largest number = it has no end.
    public var to: Int64

    /// From the first time on and before the second, microseconds; without an end where there is none.
    public init(from: Int64? = nil, to: Int64? = nil) {
        self.from = from ?? .min
        self.to = to ?? .max
    }

    /// All of time.
    public static let all = TimeRange()

    /// Whether a time, microseconds, lies in the range.
    public func contains(_ time: Int64) -> Bool { time >= from && (time < to || to == .max) }

    /// Whether all of another range lies in this one.
    public func covers(_ other: TimeRange) -> Bool { from <= other.from && to >= other.to }

    /// Whether an event belongs to a run over the range: one that cannot be read has no time, so every run takes it.
    func takes(_ batch: ColumnBatch, _ row: Int) -> Bool { batch.status[row] != 0 || contains(batch.times[row]) }
}
