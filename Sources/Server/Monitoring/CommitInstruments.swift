import AlertStore
import Metrics
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

    private let alerts = InstrumentSet<AlertKind, Counter> { kind in
        Counter(
            label: "patternalarm_alerts_total",
            dimensions: [("severity", kind.severity), ("type", kind.type)]
        )
    }
    private let predictions = InstrumentSet<Judgement, Counter> { judgement in
        Counter(
            label: "fraud_predictions_total",
            dimensions: [("model", judgement.model), ("prediction", judgement.isFraud ? "1" : "0")]
        )
    }
    private let latency = Metrics.Timer(label: "patternalarm_alert_latency_seconds")

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
    private let latency = InstrumentSet<String, Metrics.Timer> { model in
        Metrics.Timer(label: "fraud_prediction_latency_seconds", dimensions: [("model", model)])
    }

    func note(model: String, isFraud: Bool, seconds: Double) { latency[model].recordSeconds(seconds) }
}
