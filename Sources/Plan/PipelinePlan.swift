public import Bytes

/// Whom a window or an alert is about: a key made of one or more texts of the event. Absent key: no window, null.
public struct Entity: Sendable, Equatable {
    public var name: String
    public var key: [Expression]

    public init(name: String, key: [Expression]) {
        self.name = name
        self.key = key
    }
}

/// Which earlier events of an entity count. All times in microseconds of event time; t = time of the current event.
public struct Window: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// (t − size, t]
        case sliding(size: Int64)
        /// Back from t as long as no two neighbours are further apart than the gap.
        case session(gap: Int64)
        /// From the last multiple of size since 1970 up to t.
        case tumbling(size: Int64)
    }

    public var entity: Int
    public var kind: Kind
    /// Shifts the window into the past: (t − delay − size, t − delay].
    public var delay: Int64

    public init(entity: Int, kind: Kind, delay: Int64 = 0) {
        self.entity = entity
        self.kind = kind
        self.delay = delay
    }
}

/// One number over a window's events.
public struct Aggregate: Sendable, Equatable {
    public enum Function: String, Sendable, CaseIterable {
        /// `count(w)`, `count(w, condition)`: events (for which the condition is true).
        case count
        /// Of the non-null values; sum of none is 0, the others of none are null. std: of the sample (n − 1).
        case sum, mean, avg, min, max, std
        /// Number of different non-null values, exact.
        case distinct
        /// Share of the window's events for which the condition is true; null for none.
        case share
        /// Value of the earliest, latest event of the window.
        case first, last
        /// Seconds since the previous event of the window; null if there is none.
        case sincePrevious = "since_previous"
        /// (x − mean) / std of the window's earlier events; null below two of them or for std 0.
        case zscore
    }

    public var window: Window
    public var function: Function
    /// Number, bool or text (`distinct` takes text too); nil for `count(w)` and `since_previous(w)`.
    public var argument: Expression?
    public var excludesCurrent: Bool

    public init(window: Window, function: Function, argument: Expression? = nil, excludesCurrent: Bool = false) {
        self.window = window
        self.function = function
        self.argument = argument
        self.excludesCurrent = excludesCurrent
    }
}

/// A named number per event. Never text: models take numbers.
public struct Feature: Sendable, Equatable {
    public var name: String
    public var expression: Expression
    /// What the analyst reads: "purchases in the session".
    public var title: String?

    public init(name: String, expression: Expression, title: String? = nil) {
        self.name = name
        self.expression = expression
        self.title = title
    }
}

/// What raises alerts: a model or a rule, grouped by an entity's session.
public struct Detector: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// The model of that name; alerts at P(not the negative class) ≥ threshold. Features: names, nil = all.
        case model(name: String, threshold: Double, features: [String]?)
        /// A condition; score is what an alert of it gets.
        case rule(condition: Expression, score: Double)
    }

    public var name: String
    public var title: String?
    public var kind: Kind
    public var entity: Int
    /// Gap that ends the alert's session, microseconds.
    public var sessionGap: Int64
    /// Where the pipeline file names the model, or gives the rule.
    public var position: SourcePosition?

    public init(
        name: String,
        title: String? = nil,
        kind: Kind,
        entity: Int,
        sessionGap: Int64,
        position: SourcePosition? = nil
    ) {
        self.position = position
        self.name = name
        self.title = title
        self.kind = kind
        self.entity = entity
        self.sessionGap = sessionGap
    }
}

/// How ground truth becomes a class. Reaches training and evaluation only (C7).
public struct LabelRule: Sendable, Equatable {
    /// Index of the label field that names the class.
    public var field: Int
    /// Class of a raw label: the first matching entry (`*` at the end matches any rest); unmatched labels stay.
    public var mapping: [Mapping]
    /// The class that is not fraud.
    public var negative: String

    public struct Mapping: Sendable, Equatable {
        public var pattern: String
        public var label: String

        public init(pattern: String, label: String) {
            self.pattern = pattern
            self.label = label
        }
    }

    public init(field: Int, mapping: [Mapping], negative: String) {
        self.field = field
        self.mapping = mapping
        self.negative = negative
    }

    /// The class of a raw label.
    public func label(of raw: String) -> String {
        for entry in mapping {
            if entry.pattern.hasSuffix("*") ? raw.hasPrefix(entry.pattern.dropLast()) : raw == entry.pattern {
                return entry.label
            }
        }
        return raw
    }
}

/// Score limits of the severities (C10).
public struct SeverityBands: Sendable, Equatable {
    public var critical = 0.90
    public var high = 0.75
    public var medium = 0.60

    public init() {}

    /// What a score, 0…1, is called.
    public func severity(of score: Double) -> String {
        score >= critical ? "critical" : score >= high ? "high" : score >= medium ? "medium" : "low"
    }
}

/// A whole pipeline file, checked: the one definition of every feature (C6). Training, replay and serving run this.
public struct PipelinePlan: Sendable, Equatable {
    public var name: String
    /// The file that it was read from, for what is found wrong with it later.
    public var file = ""
    public var schema: Schema
    /// Where a time without an offset is taken to be.
    public var zone = LocalZone.utc
    /// Allowed disorder: how far the partition's clock stays behind the newest event, microseconds.
    public var disorder: Int64 = 30_000_000
    /// An event further ahead of the partition's newest event than this is rejected, microseconds; nil = no limit.
    public var maximumAhead: Int64? = 86_400_000_000
    /// Events with an id seen within this time are duplicates, microseconds.
    public var duplicatesWithin: Int64 = 600_000_000
    public var entities: [Entity] = []
    /// The entity that partitions the topic, and into how many partitions.
    public var partitionEntity = 0
    public var partitionCount = 1
    /// Ordered so that a feature uses only earlier ones.
    public var features: [Feature] = []
    public var aggregates: [Aggregate] = []
    public var detectors: [Detector] = []
    public var queries: [Query] = []
    public var labels: LabelRule?
    public var severities = SeverityBands()

    public init(name: String, schema: Schema) {
        self.name = name
        self.schema = schema
    }

    /// Minutes east of UTC of a zone that never changes; 0 for others.
    public var timeZoneMinutes: Int {
        get { zone.fixedMinutes ?? 0 }
        set { zone = LocalZone(minutes: newValue) }
    }

    /// How a field spells instants.
    public func times(of field: Field) -> TimeStyle {
        var style = field.times
        style.zone = zone
        return style
    }
}
