/// A pipeline as it is proposed for a file: each part with the reason for it, before and after its rules have
/// thresholds.
public struct PipelineDraft: Sendable, Equatable {
    public struct Field: Sendable, Equatable {
        public var name: String
        public var path: String
        /// What stands between the braces, without the path: `type: number, role: amount`.
        public var options: String
        public var reason: String
    }

    public struct Entity: Sendable, Equatable {
        public var name: String
        /// Fields of the key.
        public var key: [String]
        public var reason: String
    }

    public struct Feature: Sendable, Equatable {
        public var name: String
        public var value: String
        public var title: String
        public var reason: String
    }

    public struct Rule: Sendable, Equatable {
        public var name: String
        public var title: String
        public var condition: String
        public var score: Double
        public var reason: String
    }

    public var name: String
    /// What the file is, for the first line.
    public var summary = ""
    /// Command lines that a reader goes on with.
    public var commands: [String] = []
    /// Why the schema has its time zone.
    public var zoneReason = ""
    public var fields: [Field] = []
    /// Columns that the pipeline does not read.
    public var leftOut: [String] = []
    /// How far events may be out of order, microseconds, and why.
    public var disorder: Int64 = 0
    public var disorderReason = ""
    public var maximumAhead: Int64?
    public var aheadReason = ""
    public var entities: [Entity] = []
    public var features: [Feature] = []
    public var ideas: [RuleIdea] = []
    /// A rule for a file in which none of the others finds anything.
    public var lastResort: RuleIdea?
    public var rules: [Rule] = []
    /// What ends the session of an alert, microseconds.
    public var session: Int64 = 3_600_000_000
    /// The lines of the part `labels`, if the file has one.
    public var labels: [String] = []
    /// What a person should know before using it.
    public var warnings: [String] = []

    public init(name: String) {
        self.name = name
    }
}

/// A rule whose thresholds are quantiles of features: known once the features have been computed over the file.
public struct RuleIdea: Sendable, Equatable {
    public enum Part: Sendable, Equatable {
        /// The feature is at least what only a share of all events reaches, and never below a bound.
        case atLeast(feature: String, tail: Double, floor: Double)
        /// The feature is at most what only a share of all events is at or below.
        case atMost(feature: String, tail: Double)
        /// The feature is one.
        case isTrue(feature: String)
    }

    public var name: String
    public var title: String
    public var score: Double
    public var parts: [Part]

    /// The same with each share that the thresholds leave multiplied.
    public func scaled(by factor: Double) -> RuleIdea {
        var idea = self
        idea.parts = parts.map { part in
            switch part {
            case .atLeast(let feature, let tail, let floor):
                .atLeast(feature: feature, tail: min(0.25, tail * factor), floor: factor > 1 ? min(floor, 2) : floor)
            case .atMost(let feature, let tail): .atMost(feature: feature, tail: min(0.25, tail * factor))
            case .isTrue: part
            }
        }
        return idea
    }

    /// The features that it looks at.
    public var features: [String] {
        parts.map { part in
            switch part {
            case .atLeast(let feature, _, _), .atMost(let feature, _), .isTrue(let feature): feature
            }
        }
    }
}

extension PipelineDraft {
    /// Takes the id for none if it repeats more often than a sender does who sends again: whether it was one.
    public mutating func dropsUncertainID(duplicates: Int, of events: Int) -> Bool {
        guard duplicates * 50 > events, let index = fields.firstIndex(where: { $0.options.contains("role: id") }) else {
            return false
        }
        leftOut.append(fields[index].path)
        fields.remove(at: index)
        return true
    }
}
