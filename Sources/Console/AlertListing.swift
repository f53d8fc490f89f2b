public import AlertStore
import Bytes

/// The columns of an alert list.
public enum AlertListing {
    public static let columns = [
        "alert_id", "severity", "score", "type", "detector", "entity_key", "events", "amount", "first_event",
        "last_event", "status",
    ]

    /// Alerts with their states, one a row.
    public static func make(_ alerts: [(alert: AlertRecord, status: String)]) -> Listing {
        Listing(columns: columns, rows: alerts.map { row($0.alert, $0.status) })
    }

    /// The cells of an alert.
    public static func row(_ alert: AlertRecord, _ status: String) -> [Cell] {
        [
            .text(alert.id), .text(alert.severity), .number(alert.score, decimals: 3), .text(alert.type),
            .text(alert.detector), .text(alert.entityKey), .integer(alert.events),
            .number(alert.amount, decimals: 2),
            .text(TimeParser.text(milliseconds: alert.firstEventMilliseconds)),
            .text(TimeParser.text(milliseconds: alert.lastEventMilliseconds)), .text(status),
        ]
    }
}
