import Bytes
import Histogram
import Traffic

/// A test as the API shows it, and as it is kept.
struct SimulationAnswer: Sendable {
    var plan: SimulationPlan
    var status = "running"
    var startedMilliseconds: Int64
    var finishedMilliseconds: Int64?
    var sent = 0
    var acknowledged = 0
    var eventsPerSecond = 0.0
    var alerts = 0
    var results: JSONValue = .null

    var json: JSONValue {
        .object([
            .init("simulation_id", .text(plan.id)), .init("domain", .text(plan.domain?.rawValue ?? "all")),
            .init("load_level", .text(plan.load.rawValue)), .init("duration_seconds", .integer(plan.durationSeconds)),
            .init("seed", .integer(plan.seed)), .init("status", .text(status)),
            .init("started_at", .time(startedMilliseconds)), .init("finished_at", .time(finishedMilliseconds)),
            .init("events_planned", .integer(plan.events)), .init("events_sent", .integer(sent)),
            .init("events_acknowledged", .integer(acknowledged)),
            .init("progress", .real(Double(acknowledged) / Double(plan.events))),
            .init("events_per_second", .real(eventsPerSecond)), .init("alerts", .integer(alerts)),
            .init("results", results),
        ])
    }

    /// What a test came to, against the truth that only the simulator knows: recall, precision and false alerts are
    /// those of whole sessions.
    static func results(_ truth: SimulationTruth, acknowledgements: Histogram<UInt64>) -> JSONValue {
        let patterns = truth.perPattern
        let frauds = patterns.filter { $0.pattern.isFraud }
        let regular = patterns.filter { !$0.pattern.isFraud }
        let fraudSessions = frauds.reduce(0) { $0 + $1.sessions }
        let detected = frauds.reduce(0) { $0 + $1.alerted }
        let falseAlerts = regular.reduce(0) { $0 + $1.alerted }
        let regularSessions = regular.reduce(0) { $0 + $1.sessions }
        return .object([
            .init("sessions", .integer(fraudSessions + regularSessions)),
            .init("cut_sessions", .integer(patterns.reduce(0) { $0 + $1.cutSessions })),
            .init("fraud_sessions", .integer(fraudSessions)), .init("detected", .integer(detected)),
            .init("missed", .integer(fraudSessions - detected)), .init("false_alerts", .integer(falseAlerts)),
            .init("recall", ratio(detected, fraudSessions)),
            .init("precision", ratio(detected, detected + falseAlerts)),
            .init("false_alert_rate", ratio(falseAlerts, regularSessions)),
            .init("latency_ms", latency(truth.latency)), .init("ack_latency_ms", latency(acknowledgements)),
            .init(
                "per_pattern",
                .list(
                    patterns.map { found in
                        .object([
                            .init("pattern", .text(found.pattern.rawValue)),
                            .init("sessions", .integer(found.sessions)),
                            .init("alerted", .integer(found.alerted)),
                            .init("cut_sessions", .integer(found.cutSessions)),
                            .init("cut_alerted", .integer(found.cutAlerted)),
                            .init("recall", found.pattern.isFraud ? ratio(found.alerted, found.sessions) : .null),
                        ])
                    }
                )
            ),
        ])
    }

    /// Null where nothing can be said.
    private static func ratio(_ part: Int, _ whole: Int) -> JSONValue {
        whole > 0 ? .real(Double(part) / Double(whole)) : .null
    }

    /// Of microseconds.
    static func latency(_ histogram: Histogram<UInt64>) -> JSONValue {
        func value(_ percentile: Double) -> JSONValue {
            histogram.totalCount > 0 ? .real(Double(histogram.valueAtPercentile(percentile)) / 1000) : .null
        }
        return .object([
            .init("p50", value(50)), .init("p90", value(90)), .init("p99", value(99)), .init("p999", value(99.9)),
            .init("max", value(100)), .init("count", .integer(histogram.totalCount)),
        ])
    }
}
