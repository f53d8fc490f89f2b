import AlertStore
import Bytes
import Plan

/// Alerts as the API shows them.
package enum AlertAnswer {
    /// An alert with what people have decided: one line of a list, or the data of a pushed message.
    package static func entry(_ entry: ListedAlert) -> JSONValue {
        let alert = entry.alert
        return .object([
            .init("alert_id", .text(alert.id)), .init("alert_type", .text(alert.type)),
            .init("detector", .text(alert.detector)), .init("domain", .text(alert.domain)),
            .init("actor_id", .text(alert.entityKey)), .init("entity", .text(alert.entity)),
            .init("severity", .text(alert.severity)), .init("score", .real(alert.score)),
            .init("peak_score", .real(alert.peakScore)), .init("transaction_count", .integer(alert.events)),
            .init("total_amount", .real(alert.amount)), .init("opened_at", .time(alert.openedMilliseconds)),
            .init("first_seen", .time(alert.firstEventMilliseconds)),
            .init("last_seen", .time(alert.lastEventMilliseconds)), .init("revisions", .integer(alert.revisions)),
            .init("ended", .bool(alert.isEnded)), .init("model_version", .text(alert.modelID)),
            .init("detector_version", .text(alert.detectorVersion)), .init("activation", .integer(alert.activation)),
            .init("status", .text(entry.status)), .init("label", .text(entry.label)),
            .init("assignee", .text(entry.assignee)),
        ])
    }

    static func page(_ page: AlertPage, cursor: String?) -> JSONValue {
        .object([
            .init("alerts", .list(page.entries.map(entry))), .init("next_cursor", .text(cursor)),
            .init("total", .integer(page.total)),
        ])
    }

    /// Everything about an alert.
    static func details(_ details: AlertDetails, plan: PipelinePlan) -> JSONValue {
        let entry = ListedAlert(
            alert: details.alert,
            status: details.status,
            label: details.label,
            assignee: details.assignee
        )
        return .object([
            .init("alert", Self.entry(entry)), .init("events", .list(details.events.map(event))),
            .init("reasons", .list(details.reasons.map(reason))),
            .init("features", .list(features(details.features, plan))),
            .init("history", .list(details.triage.map(decision))), .init("model", model(details.alert.modelID)),
            .init("rule", rule(details.alert.detector, plan)),
        ])
    }

    private static func event(_ event: AlertEventRecord) -> JSONValue {
        .object([
            .init("position", .integer(event.position)), .init("event_id", .text(event.eventID)),
            .init("time", .time(event.eventMilliseconds)), .init("amount", .real(event.amount)),
            .init("score", .real(event.score)), .init("role", .text(event.role)),
            .init("partition", .integer(event.partition)), .init("offset", .integer(event.offset)),
            .init("payload", payload(event.payload)),
        ])
    }

    /// An event's own bytes: an object if they are one, else the text.
    static func payload(_ text: String) -> JSONValue {
        do throws(JSONFault) {
            let value = try JSONValue.parse(Array(text.utf8))
            if case .object = value { return value }
            return .text(text)
        } catch {
            return .text(text)
        }
    }

    private static func reason(_ reason: AlertReasonRecord) -> JSONValue {
        .object([
            .init("rank", .integer(reason.rank)), .init("feature", .text(reason.feature)),
            .init("title", .text(reason.title)), .init("value", .real(reason.value)),
            .init("typical", .real(reason.typical)), .init("contribution", .real(reason.contribution)),
        ])
    }

    /// In the order of the pipeline file.
    private static func features(_ records: [AlertFeatureRecord], _ plan: PipelinePlan) -> [JSONValue] {
        var order: [String: Int] = [:]
        for (index, feature) in plan.features.enumerated() { order[feature.name] = index }
        let sorted = records.sorted {
            (order[$0.feature] ?? .max, $0.feature) < (order[$1.feature] ?? .max, $1.feature)
        }
        return sorted.map { record in
            let title = order[record.feature].flatMap { plan.features[$0].title }
            return .object([
                .init("name", .text(record.feature)), .init("title", .text(title ?? record.feature)),
                .init("value", .real(record.value)),
            ])
        }
    }

    private static func decision(_ record: TriageRecord) -> JSONValue {
        .object([
            .init("at", .time(record.atMilliseconds)), .init("author", .text(record.author)),
            .init("status", .text(record.status)), .init("label", .text(record.label)),
            .init("assignee", .text(record.assignee)), .init("note", .text(record.note)),
        ])
    }

    private static func model(_ id: String?) -> JSONValue {
        guard let id else { return .null }
        return .object([.init("id", .text(id)), .init("name", .text(String(id.prefix { $0 != "@" })))])
    }

    private static func rule(_ detector: String, _ plan: PipelinePlan) -> JSONValue {
        guard let rule = plan.detectors.first(where: { $0.name == detector }), case .rule(let condition, _) = rule.kind
        else { return .null }
        return .object([
            .init("id", .text(rule.name)), .init("title", .text(rule.title ?? rule.name)),
            .init("definition", .text(plan.words(condition))),
        ])
    }
}
