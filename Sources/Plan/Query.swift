/// A table that a stream turns into while its clock moves on: a row for every key and closed window, or for every match
/// of a sequence. Unlike features, rows come when the clock has passed them, in event time, and never change.
public struct Query: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// Windows of `size` that begin at every multiple of `every` since 1970, both in microseconds; `size` is a
        /// multiple of `every`. Equal: tumbling. A window holds the events of [start, start + size).
        case windows(size: Int64, every: Int64, columns: [Column])
        /// Events that fulfil the conditions one after another in event time, anything between them, the last one less
        /// than `within` microseconds behind the first. A match uses its events up: the next one begins behind it.
        case sequence(steps: [Expression], within: Int64)
    }

    /// One value of a window's row.
    public struct Column: Sendable, Equatable {
        public var name: String
        public var function: Aggregate.Function
        /// Nil for `count()`.
        public var argument: Expression?

        public init(name: String, function: Aggregate.Function, argument: Expression? = nil) {
            self.name = name
            self.function = function
            self.argument = argument
        }
    }

    public var name: String
    public var title: String?
    public var entity: Int
    public var kind: Kind

    public init(name: String, title: String? = nil, entity: Int, kind: Kind) {
        self.name = name
        self.title = title
        self.entity = entity
        self.kind = kind
    }

    /// Functions that a window's column can have: those that need no current event.
    public static let functions: [Aggregate.Function] = [
        .count, .sum, .mean, .avg, .min, .max, .std, .distinct, .share, .first, .last,
    ]
}
