public import AlertStore
import Bytes

/// An alert list: its columns, and more of them where no terminal's width counts.
public struct AlertListing {
    private let format: OutputFormat

    /// A list that is written so.
    public init(_ format: OutputFormat) { self.format = format }

    private static let shown = [
        "alert_id", "severity", "score", "type", "detector", "entity_key", "events", "amount", "first_event",
        "last_event", "status",
    ]

    /// The columns' names.
    public var columns: [String] {
        format == .table ? Self.shown : Self.shown + ["detector_version", "activation"]
    }

    /// The cells of an alert.
    public func row(_ alert: AlertRecord, _ status: String) -> [Cell] {
        let shown: [Cell] = [
            .text(alert.id), .text(alert.severity), .number(alert.score, decimals: 3), .text(alert.type),
            .text(alert.detector), .text(alert.entityKey), .integer(alert.events),
            .number(alert.amount, decimals: 2),
            .text(TimeParser.text(milliseconds: alert.firstEventMilliseconds)),
            .text(TimeParser.text(milliseconds: alert.lastEventMilliseconds)), .text(status),
        ]
        return format == .table ? shown : shown + [.optional(alert.detectorVersion), .integer(alert.activation)]
    }
}
