public import AlertStore
import Base
import Bytes

/// An alert in words.
public final class AlertText: AlertWriter {
    private let details: AlertDetails
    private let output = OutputBuffer()

    /// Begins with all that is not an event.
    public init(_ details: AlertDetails) {
        self.details = details
        let alert = details.alert
        var out =
            "\(alert.severity.uppercased())  \(Output.safe(alert.type))  \(alert.entity) \(Output.safe(alert.entityKey))\n"
        out += "alert     \(alert.id)  (\(details.status))\n"
        out += "score     \(fixed(alert.score, 3)), at most \(fixed(alert.peakScore, 3)); detector \(alert.detector)"
        out += alert.detectorVersion.map { " version \($0)" } ?? ""
        out += alert.modelID.map { ", model \($0)" } ?? ""
        out += ", activation \(alert.activation)"
        out += "\nsession   \(time(alert.firstEventMilliseconds)) to \(time(alert.lastEventMilliseconds)), "
        out += "\(alert.events) events, amount \(fixed(alert.amount, 2)); opened \(time(alert.openedMilliseconds))"
        out += alert.isEnded ? ", ended\n" : ", still open at the log's end\n"
        if !details.reasons.isEmpty { out += "\nwhy\n" }
        for reason in details.reasons {
            let value = reason.value.map { short($0) } ?? "missing"
            let typical = reason.typical.map { " (usually \(short($0)))" } ?? ""
            let sign = reason.contribution >= 0 ? "+" : ""
            out += "  \(sign)\(fixed(reason.contribution, 3))  \(reason.title): \(value)\(typical)\n"
        }
        output.put(out + "\nevents\n")
    }

    /// Writes the next event.
    public func add(_ event: AlertEventRecord) {
        let score = event.score.map { fixed($0, 3) } ?? "  -  "
        let amount = event.amount.map { fixed($0, 2) } ?? "-"
        output.put(
            "  \(time(event.eventMilliseconds))  \(event.role)  score \(score)  amount \(amount)  "
                + "\(Output.safe(event.eventID))  partition \(event.partition) offset \(event.offset)\n"
        )
    }

    /// Says which events are left out here, if the format has a place for that.
    public func leaveOut(_ positions: Range<Int>) {
        if !positions.isEmpty { output.put("  … \(words(positions))\n") }
    }

    /// Writes what comes behind the events.
    public func end() {
        for entry in details.triage {
            let words = [entry.status, entry.label, entry.note].compactMap { $0 }.joined(separator: ", ")
            output.put("\n\(time(entry.atMilliseconds))  \(Output.safe(entry.author)): \(Output.safe(words))\n")
        }
        output.flush()
    }

    private func time(_ milliseconds: Int64) -> String { TimeParser.text(milliseconds: milliseconds) }

    private func short(_ value: Double) -> String {
        value.rounded() == value && value.magnitude < 1e9 ? String(Int(value)) : fixed(value, 2)
    }
}

/// An alert as one JSON object, its events last.
public final class AlertJSON: AlertWriter {
    private let output = OutputBuffer(.json)
    private var isFirst = true

    /// Begins with all that is not an event; so many of these are left out.
    public init(_ details: AlertDetails, leftOut: Int) {
        let alert = details.alert
        let reasons = details.reasons.map { reason -> JSONValue in
            .object([
                .init("feature", .text(reason.feature)), .init("title", .text(reason.title)),
                .init("value", number(reason.value)), .init("typical", number(reason.typical)),
                .init("contribution", .number(reason.contribution)),
            ])
        }
        var head: [UInt8] = []
        JSONValue.object([
            .init("alert_id", .text(alert.id)), .init("status", .text(details.status)),
            .init("detector", .text(alert.detector)), .init("type", .text(alert.type)),
            .init("entity", .text(alert.entity)), .init("entity_key", .text(alert.entityKey)),
            .init("severity", .text(alert.severity)), .init("score", .number(alert.score)),
            .init("peak_score", .number(alert.peakScore)), .init("amount", .number(alert.amount)),
            .init("opened", time(alert.openedMilliseconds)), .init("first_event", time(alert.firstEventMilliseconds)),
            .init("last_event", time(alert.lastEventMilliseconds)),
            .init("revisions", .number(Double(alert.revisions))), .init("ended", .bool(alert.isEnded)),
            .init("model_id", alert.modelID.map { .text($0) } ?? .null),
            .init("detector_version", alert.detectorVersion.map { .text($0) } ?? .null),
            .init("activation", .number(Double(alert.activation))), .init("reasons", .list(reasons)),
            .init("features", .object(details.features.map { .init($0.feature, number($0.value)) })),
            .init("event_count", .number(Double(alert.events))), .init("events_left_out", .number(Double(leftOut))),
        ]).write(into: &head)
        // The object goes on with the events.
        head.removeLast()
        output.put(head)
        output.put(",\"events\":[")
    }

    /// Writes the next event.
    public func add(_ event: AlertEventRecord) {
        var out: [UInt8] = Array((isFirst ? "\n" : ",\n").utf8)
        isFirst = false
        JSONValue.object([
            .init("partition", .number(Double(event.partition))), .init("offset", .number(Double(event.offset))),
            .init("time", time(event.eventMilliseconds)), .init("event_id", .text(event.eventID)),
            .init("role", .text(event.role)), .init("score", number(event.score)),
            .init("amount", number(event.amount)), .init("payload", .text(event.payload)),
        ]).write(into: &out)
        output.put(out)
    }

    /// Says which events are left out here, if the format has a place for that.
    public func leaveOut(_ positions: Range<Int>) {}

    /// Writes what comes behind the events.
    public func end() {
        output.put("]}\n")
        output.flush()
    }

    private func number(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }

    private func time(_ milliseconds: Int64) -> JSONValue { .text(TimeParser.text(milliseconds: milliseconds)) }
}

/// An alert's events alone, one in each line.
public final class AlertEventList: AlertWriter {
    private let writer: ListingWriter

    /// One row an event.
    public init(_ format: OutputFormat) {
        let columns = ["position", "time", "event_id", "role", "score", "amount", "partition", "offset", "payload"]
        writer = ListingWriter(columns, format)
    }

    /// Writes the next event.
    public func add(_ event: AlertEventRecord) {
        writer.add([
            .integer(event.position), .text(TimeParser.text(milliseconds: event.eventMilliseconds)),
            .text(event.eventID), .text(event.role), .optional(event.score), .optional(event.amount),
            .integer(event.partition), .integer(Int(event.offset)), .text(event.payload),
        ])
    }

    /// Says which events are left out here, if the format has a place for that.
    public func leaveOut(_ positions: Range<Int>) {
        if !positions.isEmpty { Output.talk(words(positions)) }
    }

    /// Writes what comes behind the events.
    public func end() { writer.end() }
}

/// Writes an alert to standard output; what stands before its events is written when it is made.
public protocol AlertWriter {
    func add(_ event: AlertEventRecord)
    /// Says that the events of these positions are left out; there may be none.
    func leaveOut(_ positions: Range<Int>)
    func end()
}

extension AlertWriter {
    /// What is said of events that are left out.
    public func words(_ positions: Range<Int>) -> String {
        "events \(grouped(positions.lowerBound + 1)) to \(grouped(positions.upperBound)) are left out; "
            + "--events all shows every one"
    }
}
