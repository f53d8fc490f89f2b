import AlertStore
import Bytes

/// How everything is, as it is pushed each second.
enum StatusMessage {
    static func json(_ status: ServerStatus) -> JSONValue {
        .object([
            .init("time", .time(status.timeMilliseconds)), .init("events_per_second", .real(status.eventsPerSecond)),
            .init("alerts_per_minute", .integer(status.alertsPerMinute)),
            .init("clock", .time(status.clockMilliseconds)),
            .init("ledger", ledger(status.totals)), .init("alerts_total", .integer(status.totals.alerts)),
            .init("parts", .list(status.parts.map(part))),
            .init(
                "queue",
                .object([
                    .init("bytes", .integer(status.queue.bytes)), .init("limit", .integer(status.queue.limit)),
                    .init("requests", .integer(status.queue.requests)),
                ])
            ),
            .init(
                "lag",
                .list(
                    status.lag.map {
                        .object([.init("partition", .integer($0.partition)), .init("events", .integer($0.events))])
                    }
                )
            ),
            .init("latency_ms", latency(status.latency)),
            .init("memory_bytes", status.memoryBytes.map { .integer($0) } ?? .null),
            .init("alerts_log_bytes", .integer(status.alertsLogBytes)),
            .init("state_keys", .integer(status.stateKeys)), .init("activation", .integer(status.activation)),
            .init("checkpoint_age_seconds", .real(status.checkpointSeconds)),
        ])
    }

    private static func ledger(_ totals: LedgerTotals) -> JSONValue {
        .object([
            .init("events", .integer(totals.events)), .init("ok", .integer(totals.ok)),
            .init("late", .integer(totals.late)), .init("duplicate", .integer(totals.duplicate)),
            .init("rejected", .integer(totals.rejected)),
        ])
    }

    /// Who may listen may know what the system said.
    private static func part(_ part: ServerPart) -> JSONValue {
        .object([
            .init("name", .text(part.name.rawValue)), .init("status", .text(part.state.rawValue)),
            .init("detail", .text(part.words)),
        ])
    }

    private static func latency(_ latency: RecentFigures.Latency?) -> JSONValue {
        .object([
            .init("p50", .real(latency?.p50Milliseconds)), .init("p99", .real(latency?.p99Milliseconds)),
            .init("count", .integer(latency?.count ?? 0)),
        ])
    }
}
