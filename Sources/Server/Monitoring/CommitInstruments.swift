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
        let kinds = Set(plan.detectors.indices.flatMap { Self.types(plan, $0, bindings) }).flatMap { type in
            AlertQuery.severities.map { AlertKind(type: type, severity: $0) }
        }
        alerts = InstrumentSet(kinds) { kind in
            Counter(
                label: "patternalarm_alerts_total",
                dimensions: [("severity", kind.severity), ("type", kind.type)]
            )
        }
        let judgements = Set(bindings.values.map(\.id)).flatMap { model in
            [true, false].map { Judgement(model: model, isFraud: $0) }
        }
        predictions = InstrumentSet(judgements) { judgement in
            Counter(
                label: "fraud_predictions_total",
                dimensions: [("model", judgement.model), ("prediction", judgement.isFraud ? "1" : "0")]
            )
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

    init(models: [String]) {
        latency = InstrumentSet(Array(Set(models))) { model in
            Metrics.Timer(label: "fraud_prediction_latency_seconds", dimensions: [("model", model)])
        }
    }

    func note(model: String, isFraud: Bool, seconds: Double) { latency[model].recordSeconds(seconds) }
}
