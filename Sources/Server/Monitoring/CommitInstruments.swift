import AlertStore
import Metrics
import Models
import Plan
import Runtime

/// Measures what commits hold.
final class CommitInstruments: Sendable {
    private struct AlertKind: Hashable {
        var type: String
        var severity: String
    }

    private struct Judgement: Hashable {
        var model: String
        var isFraud: Bool
    }

    private let alerts: InstrumentSet<AlertKind, Counter>
    private let predictions: InstrumentSet<Judgement, Counter>
    private let latency = Metrics.Timer(label: "patternalarm_alert_latency_seconds")

    /// - Parameters:
    ///   - plan: What can raise alerts.
    ///   - bindings: The models, by their detectors' positions.
    init(_ plan: PipelinePlan, _ bindings: [Int: ModelBinding]) {
        alerts = InstrumentSet { kind in
            Counter(
                label: "patternalarm_alerts_total",
                dimensions: [("severity", kind.severity), ("type", kind.type)]
            )
        }
        predictions = InstrumentSet { judgement in
            Counter(
                label: "fraud_predictions_total",
                dimensions: [("model", judgement.model), ("prediction", judgement.isFraud ? "1" : "0")]
            )
        }
        expect(plan, bindings)
    }

    /// Makes what is to be counted before there is anything to count, so that a first one shows as one.
    func expect(_ plan: PipelinePlan, _ bindings: [Int: ModelBinding]) {
        for type in Set(plan.detectors.indices.flatMap({ Self.types(plan, $0, bindings) })) {
            for severity in AlertQuery.severities { _ = alerts[AlertKind(type: type, severity: severity)] }
        }
        for model in Set(bindings.values.map(\.id)) {
            for isFraud in [true, false] { _ = predictions[Judgement(model: model, isFraud: isFraud)] }
        }
    }

    /// The types of a detector's alerts.
    private static func types(_ plan: PipelinePlan, _ detector: Int, _ bindings: [Int: ModelBinding]) -> [String] {
        bindings[detector]?.meaning.fraudClasses ?? [plan.detectors[detector].name]
    }

    func note(_ changes: [AlertChange], _ commit: EngineCommit) {
        for change in changes {
            if change.isNew { alerts[AlertKind(type: change.alert.type, severity: change.alert.severity)].increment() }
            if let received = change.received { latency.recordNanoseconds(change.committed - received) }
        }
        for (model, scored, positive) in commit.predictions {
            predictions[Judgement(model: model, isFraud: true)].increment(by: positive)
            predictions[Judgement(model: model, isFraud: false)].increment(by: scored - positive)
        }
    }
}

/// Measures predictions that are asked for over HTTP.
final class PredictionInstruments: Sendable {
    private let latency: InstrumentSet<String, Metrics.Timer>

    init() {
        latency = InstrumentSet { model in
            Metrics.Timer(label: "fraud_prediction_latency_seconds", dimensions: [("model", model)])
        }
    }

    /// Makes what is to be measured before there is anything to measure.
    func expect(_ models: some Sequence<String>) {
        for model in models { _ = latency[model] }
    }

    func note(model: String, isFraud: Bool, seconds: Double) { latency[model].recordSeconds(seconds) }
}
