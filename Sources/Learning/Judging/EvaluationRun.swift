import AlertStore
import Base
import Bytes
import Delivery
public import Engine
public import Models
public import Plan

/// Judges a pipeline's first model detector on labelled events, and keeps what it found.
public final class EvaluationRun {
    private let rule: LabelRule
    private let detector: Detector
    private let place: Int
    private let threshold: Double
    private let binding: ModelBinding
    private let database: AlertDatabase
    private let commits: CommitBuilder
    private var classNames: [String]
    private var events: [SessionTable.Event] = []
    private var ledger = Ledger()

    /// - Parameters:
    ///   - plan: With model detectors.
    ///   - rule: What is fraud.
    ///   - models: Those of the detectors.
    /// - Throws: ``LearningError/plan(_:)`` if it has no such detector.
    public init(plan: PipelinePlan, rule: LabelRule, models: [Int: ModelBinding]) throws(LearningError) {
        guard let place = models.keys.min(), let binding = models[place],
            case .model(_, let threshold, _) = plan.detectors[place].kind
        else { throw .plan("the pipeline \(plan.name) has no model detector to evaluate") }
        self.rule = rule
        self.place = place
        self.threshold = threshold
        self.binding = binding
        detector = plan.detectors[place]
        classNames = binding.meaning.classNames
        database = try LearningError.storing { () throws(AlertStoreError) in try AlertDatabase() }
        commits = CommitBuilder(topic: plan.name)
    }

    /// Looks at a share, and empties the output.
    public func append(_ share: EngineShare, _ output: inout EngineOutput) throws(LearningError) {
        let engine = share.engine
        let base = output.nextOffset - Int64(share.rows.count)
        var positions: [Int32: Int64] = [:]
        for (index, row) in share.rows.enumerated() { positions[row] = base + Int64(index) }
        for index in 0..<engine.acceptedCount {
            let row = engine.row(index)
            guard let label = share.batch.label(of: row, rule),
                let scores = engine.probabilities(detector: place, of: index)
            else { continue }
            if !classNames.contains(label) { classNames.append(label) }
            let score = binding.meaning.score(scores)
            events.append(
                SessionTable.Event(
                    key: engine.key(detector.entity, of: index),
                    partition: engine.partition,
                    offset: positions[Int32(row)] ?? 0,
                    time: share.batch.times[row],
                    truth: classNames.firstIndex(of: label) ?? 0,
                    predicted: binding.meaning.predictedClass(scores),
                    score: score,
                    crosses: score >= threshold
                )
            )
        }
        ledger += output.ledger
        let commit = commits.build(output)
        try LearningError.storing { () throws(AlertStoreError) in try database.commit(commit) }
        output.removeAll()
    }

    /// What was found.
    ///
    /// - Throws: ``LearningError/input(_:)`` if no event had a label.
    public func report() throws(LearningError) -> EvaluationReport {
        guard !events.isEmpty else { throw .input("the recordings hold no labelled event") }
        let digest = try LearningError.storing { () throws(AlertStoreError) in try database.digest() }
        return EvaluationReport(
            events: events,
            classNames: classNames,
            negative: binding.meaning.negativeClass,
            gap: detector.sessionGap,
            threshold: threshold,
            ledger: ledger,
            digest: digest
        )
    }
}
