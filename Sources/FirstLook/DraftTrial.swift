public import Draft
public import Engine
public import Learning
import PipelineFiles
import Plan
public import Recordings
public import Survey

/// Runs a drafted pipeline over its files as a replay would, to give its rules thresholds and to see that no event is
/// lost.
public struct DraftTrial {
    let files: [String]
    let reading: RecordingReading
    /// Told how many events of a run have been taken, and how much of the file has been read, if its size is known.
    let progress: (Int, Double?) -> Void

    public init(files: [String], reading: RecordingReading, progress: @escaping (Int, Double?) -> Void) {
        self.files = files
        self.reading = reading
        self.progress = progress
    }

    /// What came of a run.
    public struct Outcome {
        public var ledger = Ledger()
        /// Of each feature, over all accepted events.
        public var values: [String: QuantileSketch] = [:]
        /// Alerts of each detector.
        public var alerts: [String: Int] = [:]
        public var firstReasons: [String] = []

        public var alertCount: Int { alerts.values.reduce(0, +) }
    }

    /// The share of events that become alerts of one rule: rarer ones tell nothing, more frequent ones are not looked
    /// at.
    private static let fewest = 0.0004
    private static let most = 0.01
    private static let rounds = 4

    /// Gives the rules their thresholds, and the schema what the file turns out to need.
    ///
    /// - Returns: what the finished pipeline makes of the files.
    public func fit(_ draft: inout PipelineDraft) throws(LearningError) -> Outcome {
        var outcome = try run(draft, collecting: true)
        let ledger = outcome.ledger
        if ledger.duplicate > 0, draft.dropsUncertainID(duplicates: ledger.duplicate, of: ledger.events) {
            outcome = try run(draft, collecting: true)
        }
        let values = outcome.values
        outcome = try fit(&draft, values)
        if draft.rules.isEmpty, let idea = draft.lastResort {
            draft.ideas = [idea]
            outcome = try fit(&draft, values)
        }
        return outcome
    }

    private func fit(_ draft: inout PipelineDraft, _ values: [String: QuantileSketch]) throws(LearningError) -> Outcome
    {
        var searches = draft.ideas.map { Search($0) }
        var outcome = Outcome()
        for _ in 0..<Self.rounds {
            draft.rules = searches.compactMap { $0.idea.rule(values) }
            outcome = try run(draft, collecting: false)
            var isSettled = true
            for index in searches.indices {
                let alerts = outcome.alerts[searches[index].idea.name, default: 0]
                searches[index].note(alerts, of: outcome.ledger.ok)
                if !searches[index].isSettled { isSettled = false }
            }
            if isSettled { break }
        }
        draft.ideas = searches.compactMap(\.best)
        let rules = draft.ideas.compactMap { $0.rule(values) }
        guard rules != draft.rules else { return outcome }
        draft.rules = rules
        return try run(draft, collecting: false)
    }

    /// Looks for thresholds with which a rule alerts neither too often nor hardly ever.
    private struct Search {
        /// What is tried next.
        private(set) var idea: RuleIdea
        /// What has alerted, and not too often.
        private(set) var best: RuleIdea?
        private(set) var isSettled = false

        init(_ idea: RuleIdea) {
            self.idea = idea
        }

        mutating func note(_ alerts: Int, of events: Int) {
            guard !isSettled else { return }
            let share = Double(alerts) / Double(max(1, events))
            if share <= DraftTrial.most, alerts > 0 { best = idea }
            if share > DraftTrial.most {
                // Between the two lies nothing, or what was found before is good enough.
                isSettled = best != nil
                idea = best ?? idea.scaled(by: 0.25)
            } else if share < DraftTrial.fewest {
                idea = idea.scaled(by: 4)
            } else {
                isSettled = true
            }
        }
    }

    private func run(_ draft: PipelineDraft, collecting: Bool) throws(LearningError) -> Outcome {
        let plan: PipelinePlan
        do throws(PipelineFileError) { plan = try PipelineFile.parse(draft.text, path: "the draft").plan } catch {
            throw .plan(error.description)
        }
        var outcome = Outcome()
        var sketches = plan.features.map { _ in QuantileSketch() }
        var wanted = plan.features.indices.map { _ in collecting }
        if collecting {
            let used = Set((draft.ideas + [draft.lastResort].compactMap { $0 }).flatMap(\.features))
            wanted = plan.features.map { used.contains($0.name) }
        }
        var bases = Array(repeating: Int64(0), count: plan.partitionCount)
        let run = OfflineRun(plan: plan, models: [:], reading: reading)
        try run.run(files, progress: progress) { share, _, output in
            let engine = share.engine
            for feature in sketches.indices where wanted[feature] {
                let lane = engine.feature(feature)
                for index in 0..<engine.acceptedCount { sketches[feature].add(lane[index]) }
            }
            for alert in output.alerts where alert.openedOffset >= bases[engine.partition] {
                outcome.alerts[alert.detector.name, default: 0] += 1
            }
            for event in output.rejected where outcome.firstReasons.count < 3 {
                outcome.firstReasons.append((event.field.map { $0 + " " } ?? "") + event.reason)
            }
            outcome.ledger += output.ledger
            bases[engine.partition] = output.nextOffset
            output.removeAll()
        }
        for (index, feature) in plan.features.enumerated() { outcome.values[feature.name] = sketches[index] }
        return outcome
    }
}
