import AlertStore
import ArgumentParser
import Bytes
import FileStore
import Foundation

/// `alerts`: list and show what was found.
struct AlertsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alerts",
        abstract: "List and show alerts, give them up, and make them anew.",
        subcommands: [
            AlertsListCommand.self, AlertsShowCommand.self, AlertsVacuumCommand.self, AlertsRebuildCommand.self,
        ]
    )
}

/// Where the alerts file is.
struct AlertsFile: ParsableArguments {
    @Option(help: "The data directory.")
    var dataDir = "patternalarm-data"

    @Option(help: "The alerts file (default: alerts.sqlite in the data directory).")
    var alerts: String?

    func open() throws(CommandError) -> AlertDatabase {
        let path = alerts ?? dataDir + "/alerts.sqlite"
        guard FileManager.default.fileExists(atPath: path) else {
            throw CommandError(AlertStoreError.notFound(path: path))
        }
        do throws(FileError) { _ = try DiskStore.size(at: path) } catch { throw CommandError(error) }
        do throws(AlertStoreError) { return try AlertDatabase(path: path, readOnly: true) } catch {
            throw CommandError(error)
        }
    }
}

/// `alerts list`
struct AlertsListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List alerts, the highest score first.",
        discussion: """
              patternalarm alerts list --severity critical --limit 20
              patternalarm alerts list --type fraud_card_testing --since 2026-03-02T08:00:00Z --format csv
            """
    )

    enum Sort: String, ExpressibleByArgument, CaseIterable {
        case score, time
    }

    @OptionGroup var file: AlertsFile

    @Option(help: "Only sessions that were alive at or after this time (ISO 8601).")
    var since: String?

    @Option(help: "Only sessions that began before this time (ISO 8601).")
    var until: String?

    @Option(help: "critical, high, medium or low.")
    var severity: String?

    @Option(help: "Kind of fraud, or the rule's name.")
    var type: String?

    @Option(help: "Detector.")
    var detector: String?

    @Option(help: "Key of the entity, such as an actor's id.")
    var actor: String?

    @Option(help: "Status from triage, such as open.")
    var status: String?

    @Option(help: "Least score.")
    var minScore: Double?

    @Option(help: "Order: score or time, largest first.")
    var sort: Sort = .score

    @Option(help: "Alerts at most.")
    var limit = 50

    @Option(help: "table, csv, json or jsonl.")
    var format: OutputFormat = .table

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit must be at least 1.") }
        _ = try filter()
    }

    private func filter() throws -> AlertFilter {
        var filter = AlertFilter()
        filter.sinceMilliseconds = try since.map { try ReplayCommand.time($0, "--since") / 1000 }
        filter.untilMilliseconds = try until.map { try ReplayCommand.time($0, "--until") / 1000 }
        filter.severity = severity
        filter.type = type
        filter.detector = detector
        filter.entityKey = actor
        filter.status = status
        filter.minimumScore = minScore
        filter.order = sort == .score ? .score : .time
        filter.limit = limit
        return filter
    }

    func run() throws {
        let filter = try filter()
        try CommandError.reporting { () throws(CommandError) in
            let database = try file.open()
            do throws(AlertStoreError) {
                AlertListing.make(try database.alerts(filter)).write(as: format)
            } catch {
                throw CommandError(error)
            }
        }
    }
}

/// The columns of an alert list.
enum AlertListing {
    static func make(_ alerts: [(alert: AlertRecord, status: String)]) -> Listing {
        Listing(
            columns: [
                "alert_id", "severity", "score", "type", "detector", "entity_key", "events", "amount", "first_event",
                "last_event", "status",
            ],
            rows: alerts.map { alert, status in
                [
                    .text(alert.id), .text(alert.severity), .number(alert.score, decimals: 3), .text(alert.type),
                    .text(alert.detector), .text(alert.entityKey), .integer(alert.events),
                    .number(alert.amount, decimals: 2),
                    .text(TimeParser.text(milliseconds: alert.firstEventMilliseconds)),
                    .text(TimeParser.text(milliseconds: alert.lastEventMilliseconds)), .text(status),
                ]
            }
        )
    }
}

/// `alerts show`
struct AlertsShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one alert: why, and the events it is about.",
        discussion: """
              patternalarm alerts show 3fa9
              patternalarm alerts show 3fa9 --format json
            """
    )

    enum ShowFormat: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    @Argument(help: "The alert's id, or the beginning of it.")
    var id: String

    @OptionGroup var file: AlertsFile

    @Option(help: "text or json.")
    var format: ShowFormat = .text

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let database = try file.open()
            let found: AlertDetails?
            do throws(AlertStoreError) { found = try database.details(idPrefix: id) } catch {
                throw CommandError(error)
            }
            guard let details = found else {
                throw .usage(
                    "no alert, or more than one, has an id that begins with \"\(id)\"; see `patternalarm alerts list`"
                )
            }
            switch format {
            case .json: Output.data(AlertText.json(details), .json)
            case .text: Output.data(AlertText.text(details))
            }
        }
    }
}

/// An alert in words and as JSON.
enum AlertText {
    static func text(_ details: AlertDetails) -> String {
        let alert = details.alert
        func time(_ milliseconds: Int64) -> String { TimeParser.text(milliseconds: milliseconds) }
        var out =
            "\(alert.severity.uppercased())  \(Output.safe(alert.type))  \(alert.entity) \(Output.safe(alert.entityKey))\n"
        out += "alert     \(alert.id)  (\(details.status))\n"
        out += "score     \(fixed(alert.score, 3)), at most \(fixed(alert.peakScore, 3)); detector \(alert.detector)"
        out += alert.modelID.map { ", model \($0)" } ?? ""
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
        out += "\nevents\n"
        for event in details.events {
            let score = event.score.map { fixed($0, 3) } ?? "  -  "
            let amount = event.amount.map { fixed($0, 2) } ?? "-"
            out += "  \(time(event.eventMilliseconds))  \(event.role)  score \(score)  amount \(amount)  "
            out += "\(Output.safe(event.eventID))  partition \(event.partition) offset \(event.offset)\n"
        }
        for entry in details.triage {
            let words = [entry.status, entry.label, entry.note].compactMap { $0 }.joined(separator: ", ")
            out += "\n\(time(entry.atMilliseconds))  \(Output.safe(entry.author)): \(Output.safe(words))\n"
        }
        return out
    }

    private static func short(_ value: Double) -> String {
        value.rounded() == value && value.magnitude < 1e9 ? String(Int(value)) : fixed(value, 2)
    }

    static func json(_ details: AlertDetails) -> String {
        let alert = details.alert
        func number(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }
        func time(_ milliseconds: Int64) -> JSONValue { .text(TimeParser.text(milliseconds: milliseconds)) }
        var out: [UInt8] = []
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
            .init(
                "reasons",
                .list(
                    details.reasons.map {
                        .object([
                            .init("feature", .text($0.feature)), .init("title", .text($0.title)),
                            .init("value", number($0.value)), .init("typical", number($0.typical)),
                            .init("contribution", .number($0.contribution)),
                        ])
                    }
                )
            ),
            .init("features", .object(details.features.map { .init($0.feature, number($0.value)) })),
            .init(
                "events",
                .list(
                    details.events.map {
                        .object([
                            .init("partition", .number(Double($0.partition))),
                            .init("offset", .number(Double($0.offset))),
                            .init("time", time($0.eventMilliseconds)), .init("event_id", .text($0.eventID)),
                            .init("role", .text($0.role)), .init("score", number($0.score)),
                            .init("amount", number($0.amount)), .init("payload", .text($0.payload)),
                        ])
                    }
                )
            ),
        ]).write(into: &out)
        return String(decoding: out, as: UTF8.self) + "\n"
    }
}
