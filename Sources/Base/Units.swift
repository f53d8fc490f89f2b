/// The position of a record in its partition: the number of records before it, since the partition was created.
///
/// An offset never goes back. It is not a byte position.
public struct LogOffset: Hashable, Comparable, Sendable, BitwiseCopyable, CustomStringConvertible {
    public let rawValue: Int64

    @inlinable
    public init(_ rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// The offset that many records later.
    @inlinable
    public func advanced(by count: Int) -> LogOffset {
        LogOffset(rawValue + Int64(count))
    }

    /// Whether a record comes before another one of its partition.
    @inlinable
    public static func < (lhs: LogOffset, rhs: LogOffset) -> Bool { lhs.rawValue < rhs.rawValue }

    public var description: String { String(rawValue) }
}

/// Event time, in microseconds since 1970-01-01 UTC. The engine knows no other clock.
public struct EventTime: Hashable, Comparable, Sendable, BitwiseCopyable {
    public let microseconds: Int64

    @inlinable
    public init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// The same instant in milliseconds, rounded towards the past: the unit of the log and of the database.
    @inlinable
    public var milliseconds: Int64 { microseconds.floorDivided(by: 1000).quotient }

    /// Whether an instant is before another one.
    @inlinable
    public static func < (lhs: EventTime, rhs: EventTime) -> Bool { lhs.microseconds < rhs.microseconds }
}

extension Int64 {
    /// The quotient by a divisor of more than 1, rounded down, and what is left, which is never negative. No step is
    /// out of range, whatever the value.
    @inlinable
    public func floorDivided(by divisor: Int64) -> (quotient: Int64, rest: Int64) {
        let (quotient, rest) = quotientAndRemainder(dividingBy: divisor)
        return rest < 0 ? (quotient - 1, rest + divisor) : (quotient, rest)
    }
}
