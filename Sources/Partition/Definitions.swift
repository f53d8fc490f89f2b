public import Models
public import Plan

/// What is in force together: a plan and its models, under the number of the activation that put them in force (C11).
public struct Definitions: Sendable {
    /// 1, 2, …
    public let activation: Int
    public let plan: PipelinePlan
    /// By the detector's position in the plan.
    public let models: [Int: ModelBinding]

    /// A plan and its models under the number of an activation, which is at least 1.
    public init(activation: Int = 1, plan: PipelinePlan, models: [Int: ModelBinding]) {
        precondition(activation > 0, "Activations are counted from 1.")
        self.activation = activation
        self.plan = plan
        self.models = models
    }
}

/// The definitions of one partition's log, each from an offset on, up to where the next ones hold.
public struct DefinitionSchedule: Sendable {
    /// What holds from which offset on.
    public struct Entry: Sendable {
        public let definitions: Definitions
        /// The offset of the first event that they are for.
        public let from: Int64

        public init(_ definitions: Definitions, from: Int64) {
            self.definitions = definitions
            self.from = from
        }
    }

    /// In the order of their activations; offsets never go down.
    public private(set) var entries: [Entry]

    /// - Parameter entries: At least one; the first holds from the log's beginning on, whatever its offset.
    public init(_ entries: [Entry]) {
        precondition(!entries.isEmpty, "Something is in force from the beginning on.")
        self.entries = []
        for entry in entries { add(entry) }
    }

    /// One set of definitions for all of the log.
    public init(_ definitions: Definitions) {
        self.init([Entry(definitions, from: 0)])
    }

    /// Adds what comes next.
    mutating func add(_ entry: Entry) {
        if let last = entries.last {
            precondition(last.definitions.activation < entry.definitions.activation, "Activations are in their order.")
            precondition(last.from <= entry.from, "What is in force later holds from a later offset on.")
            precondition(
                last.definitions.plan.partitionCount == entry.definitions.plan.partitionCount,
                "Which partition an event is in never changes."
            )
        }
        entries.append(entry)
    }
}
