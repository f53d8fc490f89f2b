import AlertStore
import ArgumentParser
import Console

/// `alerts list`
struct AlertsListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List alerts, the highest score first.",
        discussion: """
              patternalarm alerts list --severity critical --limit 20
              patternalarm alerts list --type fraud_card_testing \\
                --since 2026-03-02T08:00:00Z --format csv
            """
    )

    enum Sort: String, ExpressibleByArgument, CaseIterable {
        case score, time
    }

    @OptionGroup var file: DataPlace

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

    @Option(help: "Number of the activation that they were opened under.")
    var activation: Int?

    @Option(help: "Least score.")
    var minScore: Double?

    @Option(help: "Order: score or time, largest first.")
    var sort: Sort = .score

    @Option(help: "Alerts at most.")
    var limit = 50

    @Option(help: "How to write it.")
    var format: OutputFormat = .table

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit must be at least 1.") }
        guard activation ?? 1 > 0 else { throw ValidationError("--activation must be at least 1.") }
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
        filter.activation = activation
        filter.minimumScore = minScore
        filter.order = sort == .score ? .score : .time
        filter.limit = limit
        return filter
    }

    func run() throws {
        let filter = try filter()
        try CommandError.reporting { () throws(CommandError) in
            let database = try file.existingDatabase()
            do throws(AlertStoreError) {
                let list = AlertListing(format)
                let writer = ListingWriter(list.columns, format)
                try database.eachAlert(filter) { writer.add(list.row($0.alert, $0.status)) }
                writer.end()
            } catch {
                throw CommandError(error)
            }
        }
    }
}
