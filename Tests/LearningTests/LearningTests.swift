import AlertStore
import Base
import Engine
import Evaluation
import ForestTraining
import Foundation
import Learning
import Models
import Plan
import Tables
import TestKit
import Testing

/// Events of few actors, every seventh of which is a fraud with a large amount.
private func events(_ count: Int, from first: Int = 0, seconds: Int = 30) -> [String] {
    (first..<first + count).map { index in
        let isFraud = index % 7 == 3
        return #"{"id":"e\#(index)","at":\#(1_772_438_400 + index * seconds),"actor":"A\#(index % 5)","#
            + #""amount":\#(isFraud ? 900 + index % 50 : index % 50),"truth":"\#(isFraud ? "stolen" : "fine")"}"#
    }
}

private func learningPlan(partitions: Int = 1) -> PipelinePlan {
    var plan = testPlan()
    plan.features.append(Feature(name: "amount", expression: .field(3, .number)))
    plan.labels = LabelRule(field: 9, mapping: [.init(pattern: "fine", label: "regular")], negative: "regular")
    plan.partitionCount = partitions
    plan.detectors = []
    return plan
}

/// Runs lines as batches whose events go to the partitions in turn.
private func run(
    _ plan: PipelinePlan,
    _ lines: [String],
    batch: Int,
    models: [Int: ModelBinding] = [:],
    _ body: (EngineShare, inout EngineOutput) throws(LearningError) -> Void
) throws -> EngineRun {
    let run = try EngineRun(plan: plan, models: models)
    for start in stride(from: 0, to: lines.count, by: batch) {
        let columns = decode(Array(lines[start..<min(start + batch, lines.count)]), plan: plan)
        let parts = (0..<plan.partitionCount).map { part in
            (0..<columns.count).filter { $0 % plan.partitionCount == part }.map { Int32($0) }
        }
        try run.take(columns, partitions: parts, body: body)
    }
    return run
}

private let unwatched = ModelTraining.Watch { _, _, _ in
} finish: {
}

@Suite struct LearningTests {
    private func data(_ plan: PipelinePlan, _ lines: [String], batch: Int = 64) throws -> TrainingData {
        var data = TrainingData(of: plan)
        let run = try run(plan, lines, batch: batch) { share, output in
            data.append(share, plan.labels, entity: plan.partitionEntity, &output)
        }
        #expect(run.events == lines.count)
        return data
    }

    @Test func rowsDoNotDependOnBatches() throws {
        let plan = learningPlan()
        let lines = events(300) + ["{broken", events(1)[0]]
        let whole = try data(plan, lines, batch: 302)
        #expect(whole.labels.count == 300 && whole.labels.count { $0 == "stolen" } == 43)
        #expect(whole.ledger.events == 302 && whole.ledger.ok == 300 && whole.ledger.rejected == 1)
        for size in [1, 7, 64] {
            let cut = try data(plan, lines, batch: size)
            #expect(cut.columns == whole.columns && cut.times == whole.times && cut.labels == whole.labels)
            #expect(cut.ledger == whole.ledger)
        }
    }

    @Test func aModelIsLearnedWrittenAndRead() throws {
        let plan = learningPlan()
        var settings = TrainingSettings(.boosting)
        settings.trees = 20
        let course = try ModelTraining(plan: plan, settings: settings, trainingShare: 0.75)
        let model = try course.learn(try data(plan, events(400)), watch: unwatched)
        #expect(model.events == 400)
        let folder = FileManager.default.temporaryDirectory.path + "/patternalarm-learning-\(UUID().uuidString)"
        let (_, sha256) = try model.write(to: folder)
        defer {
            do { try FileManager.default.removeItem(atPath: folder) } catch { Issue.record(error) }
        }
        var judged = plan
        let binding = try ModelDirectory.judged(of: &judged, path: folder, negative: "regular")
        #expect(binding.id == "test@\(sha256.prefix(12))")
        let rows = try data(plan, events(50, from: 1000))
        let scores = binding.scores(of: rows.columns)
        #expect(zip(rows.labels, scores).allSatisfy { ($0 == "stolen") == ($1 > 0.5) })
        #expect(throws: LearningError.self) { try model.write(to: folder) }
    }

    @Test func whatCannotBeLearnedIsSaid() throws {
        var plan = learningPlan()
        let course = try ModelTraining(plan: plan, settings: TrainingSettings(.forest), trainingShare: 0.75)
        let honest = events(300).filter { $0.contains("fine") }
        let rows = try data(plan, honest)
        #expect {
            _ = try course.learn(rows, watch: unwatched)
        } throws: { error in
            "\(error)" == "the recordings hold 257 labelled events of one class; two classes are needed"
        }
        plan.labels = nil
        let settings = TrainingSettings(.forest)
        #expect {
            _ = try ModelTraining(plan: plan, settings: settings, trainingShare: 0.75)
        } throws: { error in
            if case .plan = error as? LearningError { true } else { false }
        }
    }

    /// A day to learn from, a day of delay, a day to judge on.
    @Test func judgedByDays() throws {
        let plan = learningPlan()
        let rule = try #require(plan.labels)
        let day: Int64 = 86_400_000_000
        let start = Int64(1_772_438_400_000_000) / day * day
        let split = DelayedSplit(
            training: start..<start + day,
            delay: day,
            test: start + 2 * day..<start + 3 * day,
            zoneMinutes: 0
        )
        let settings = JudgingSettings(
            excludeKnown: nil,
            precisionAt: 2,
            recallBy: "truth",
            reviewCost: 1,
            missCost: "amount",
            capacity: nil
        )
        var data = try ProtocolData(of: plan, rule: rule, splits: [split], settings: settings)
        _ = try run(plan, events(900, seconds: 300), batch: 100) { share, output in data.append(share, &output) }
        var training = TrainingSettings(.boosting)
        training.trees = 20
        let course = try ModelTraining(plan: plan, settings: training, trainingShare: 0.75)
        let (model, report) = try course.learn(data, rule, [split], scores: nil) { _ in unwatched }
        let parts = data.parts(of: split)
        #expect(model?.events == parts.training.count && !parts.test.isEmpty)
        let figures = Dictionary(uniqueKeysWithValues: report.summary.map { ($0.name, $0.mean) })
        #expect(figures["roc_auc"] == 1 && figures["recall.stolen"] == 1)
        #expect(figures["test_rows"] == Double(parts.test.count) && figures["best_cost"] != nil)
        #expect {
            var wrong = settings
            wrong.recallBy = "thruth"
            _ = try ProtocolData(of: plan, rule: rule, splits: [split], settings: wrong)
        } throws: { error in
            "\(error)" == "the pipeline test has no label field \"thruth\"; did you mean \"truth\"?"
        }
    }

    /// Rows come in the order of the events, whatever partition they are of.
    @Test func featuresAsATable() throws {
        let plan = learningPlan(partitions: 3)
        var text = ""
        let table = TableWriter(integers: FeatureTable.keyColumns, numbers: plan.features.map(\.name)) {
            text += String(decoding: $0, as: UTF8.self)
        }
        let features = FeatureTable(plan, into: table)
        _ = try run(plan, events(100), batch: 32) { share, output throws(LearningError) in
            try features.append(share, &output)
        }
        try table.close()
        let lines = text.split(separator: "\n").map { $0.split(separator: ",") }
        #expect(lines[0] == ["event", "partition", "offset", "time_us", "n", "sum", "amount"])
        #expect(lines.dropFirst().map { $0[0] } == (0..<100).map { Substring("\($0)") })
        #expect(
            lines.dropFirst().map { $0[3] } == (0..<100).map { Substring("\(1_772_438_400_000_000 + $0 * 30_000_000)") }
        )
        #expect(features.ledger.ok == 100)
        var taken = plan
        taken.features[0].name = "offset"
        #expect(throws: LearningError.self) { try FeatureTable.check(taken) }
    }

    /// An evaluation compares what a model says with the labels, event by event and session by session.
    @Test func anEvaluation() throws {
        var plan = learningPlan()
        var settings = TrainingSettings(.forest)
        settings.trees = 10
        let course = try ModelTraining(plan: plan, settings: settings, trainingShare: 0.75)
        let folder = FileManager.default.temporaryDirectory.path + "/patternalarm-learning-\(UUID().uuidString)"
        _ = try course.learn(try data(plan, events(400)), watch: unwatched).write(to: folder)
        defer {
            do { try FileManager.default.removeItem(atPath: folder) } catch { Issue.record(error) }
        }
        let rule = try #require(plan.labels)
        #expect(throws: LearningError.self) { try EvaluationRun(plan: plan, rule: rule, models: [:]) }
        plan.detectors = [
            Detector(
                name: "model",
                kind: .model(name: "m", threshold: 0.6, features: nil),
                entity: 0,
                sessionGap: 60_000_000
            )
        ]
        let models = try ModelDirectory.bind(&plan, path: folder).bindings
        let evaluation = try EvaluationRun(plan: plan, rule: rule, models: models)
        #expect(throws: LearningError.self) { try evaluation.report() }
        _ = try run(plan, events(210, from: 2000), batch: 50, models: models) { share, output throws(LearningError) in
            try evaluation.append(share, &output)
        }
        let report = try evaluation.report()
        #expect(report.perEvent.fraud.recall == 1 && report.perEvent.fraud.precision == 1)
        #expect(report.ledger.ok == 210 && report.digest.count == 64)
        #expect(String(decoding: report.json, as: UTF8.self).contains(#""per_session""#))
    }
}
