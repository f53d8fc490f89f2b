import Bytes

/// What a survey has found out about one or more files of events.
public struct Profile: Sendable, Equatable {
    /// Records that could be read, and those that could not.
    public var records = 0
    public var refused = 0
    public var columns: [ColumnProfile] = []
    /// The order of the events by the column that is most likely their time.
    public var time: TimeProfile?
    /// Other columns of times, the more likely ones first.
    public var otherTimes: [String] = []
    /// Columns that tell the events apart.
    public var ids: [String] = []
    public var entities: [EntityProfile] = []
    public var amounts: [String] = []
    public var labels: [LabelProfile] = []
    /// Columns of few different texts that an event is of a kind by.
    public var categories: [String] = []
    /// Records that repeat another one byte for byte, exactly or about.
    public var duplicates = 0
    public var duplicatesAreExact = true
    public var problems: [Problem] = []

    public init() {}

    /// The column with a path; nil if no record has it.
    public subscript(column: String) -> ColumnProfile? { columns.first { $0.path == column } }

    /// Something that a person should know before the file is used.
    public struct Problem: Sendable, Equatable {
        /// How many records it is true of; nil where that says nothing.
        public var count: Int?
        public var words: String
        /// The first lines that it is true of.
        public var lines: [Int]

        public init(_ words: String, count: Int? = nil, lines: [Int] = []) {
            self.words = words
            self.count = count
            self.lines = lines
        }
    }
}

/// What is known of one column.
public struct ColumnProfile: Sendable, Equatable {
    public enum ValueType: String, Sendable { case number, bool, time, text }

    /// Its name; of JSON the way to it: `card.country`, `items[].price`.
    public var path: String
    public var type = ValueType.text
    /// Values that are there, and words for null among the others.
    public var count = 0
    public var nulls = 0
    public var nullWords: [String] = []
    /// Different values, exactly or about.
    public var distinct = 0
    public var distinctIsExact = true
    /// Of numbers: quantiles 0, 1 %, 50 %, 99 %, 1.
    public var quantiles: [Double] = []
    public var isWhole = false
    /// Digits with a zero in front, or more of them than a number holds: a code.
    public var isCode = false
    /// Whether some numbers have signs between thousands, a currency or brackets.
    public var isDecorated = false
    /// Of times: how they are spelled, and the earliest and latest one, microseconds.
    public var form: TimeForm?
    public var timeRange: ClosedRange<Int64>?
    /// Whether most of the times are only a day.
    public var isDate = false
    /// Whether a time says how far it is from UTC.
    public var hasOffset = false
    /// The most frequent values; all of them if there are few.
    public var top: [Frequency] = []
    public var topIsExact = true
    /// Characters' bytes of the longest value.
    public var longest = 0
    /// Values that do not fit the type, and the first of them.
    public var misfits = 0
    public var misfitExamples: [Example] = []
    /// The different ones, if they are a few words.
    public var misfitWords: [String]? = []
    /// How far the numbers of labelled events are from the others', in deviations; 0 without a label.
    public var separation = 0.0

    public struct Frequency: Sendable, Equatable {
        public var value: String
        public var count: Int
    }

    public struct Example: Sendable, Equatable {
        public var line: Int
        public var value: String
    }

    /// Whether its texts are times of a day: `08:00`, `08:00:11.5`.
    public var isClock = false
    /// Whether a pipeline finds it by its name.
    public var isReadable = true

    public var isList: Bool { path.contains("[]") }
}

/// The events' times and their order in the file.
public struct TimeProfile: Sendable, Equatable {
    /// How a column's values become instants.
    public enum Spelling: Sendable, Equatable {
        case form(TimeForm)
        /// Numbers of a unit from an origin that the file does not say; microseconds of the unit.
        case relative(unit: Int64)

        /// How an event's decoder reads it; relative times count from 1970.
        var style: TimeStyle {
            switch self {
            case .form(let form): return form.style
            case .relative(let unit):
                var style = TimeStyle()
                style.unit = unit * 1000
                return style
            }
        }
    }

    public var column: String
    public var spelling: Spelling
    /// Microseconds; of relative times from their origin.
    public var least: Int64
    public var largest: Int64
    /// Whether the times say how far they are from UTC; else they are taken to be in UTC.
    public var hasOffset: Bool
    public var isDate: Bool
    /// Where the times are days: the column that has the time of the day.
    public var clockColumn: String?
    /// Events that are earlier than one before them in the file, and by how much at most, and at the 99th percentile.
    public var late: Int
    public var lateness: Int64
    public var latenessTail: Double
    public var latestLine: Int
    /// By how much at most, but for the few that are latest.
    public var usualLateness: Int64
    /// Events far ahead of those around them, by a clock that is wrong: nothing is late behind these. Nil if there are
    /// none.
    public var ahead: Ahead?
    /// Whether the file goes from the newest event to the oldest one.
    public var isReversed: Bool
    public var events: Int
    public var gaps: [Gap]

    public struct Ahead: Sendable, Equatable {
        public var count: Int
        /// By how much at most.
        public var distance: Int64
        /// The first lines.
        public var lines: [Int]
    }

    public struct Gap: Sendable, Equatable {
        public var from: Int64
        public var to: Int64
        public var line: Int
    }

    public var span: Int64 { largest - least }
}

/// A column whose values are somebody or something that events are about.
public struct EntityProfile: Sendable, Equatable {
    public enum Kind: String, Sendable { case who, payee, device, other }

    public var column: String
    public var kind: Kind
    /// Different keys, and events that have one.
    public var keys: Int
    public var keysAreExact: Bool
    public var events: Int
    /// Events of a key: the median, the 99th percentile, the most; and the share of keys with only one.
    public var median: Int
    public var tail: Int
    public var most: Int
    public var onceShare: Double
    /// Seconds between two events of a key: the first decile and the median; nil without times.
    public var gapDecile: Double?
    public var gapMedian: Double?
    /// Events that are earlier than one of their key before them, and by how much at most, microseconds; of the sampled
    /// keys.
    public var late: Int
    public var lateness: Int64
}

/// A column that says what an event turned out to be.
public struct LabelProfile: Sendable, Equatable {
    public var column: String
    /// The values, the most frequent first.
    public var values: [ColumnProfile.Frequency]
}
