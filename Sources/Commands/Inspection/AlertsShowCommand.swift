import AlertStore
import ArgumentParser
import Base
import Console
import Tables

/// How many of an alert's events are shown: the first and the last so many, or all.
enum ShownEvents: ExpressibleByArgument, Equatable {
    case all
    case ends(Int)

    init?(argument: String) {
        guard argument != "all" else {
            self = .all
            return
        }
        guard let count = Int(argument), count >= 0 else { return nil }
        self = .ends(count)
    }

    var defaultValueDescription: String {
        switch self {
        case .all: "all"
        case .ends(let count): "\(count)"
        }
    }

    /// The positions that are shown, of so many events; what lies between the two is left out.
    func positions(of count: Int) -> (first: Range<Int>, last: Range<Int>) {
        guard case .ends(let ends) = self, ends < count - ends else { return (0..<count, count..<count) }
        return (0..<ends, count - ends..<count)
    }
}

/// `alerts show`
struct AlertsShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one alert: why, and the events it is about.",
        discussion: """
            Of many events the first and the last ones are shown, and how many lie between them. csv and jsonl have the events \
            only, one in each line.

              patternalarm alerts show 3fa9
              patternalarm alerts show 3fa9 --format json --events 100
              patternalarm alerts show 3fa9 --format csv --events all > events.csv
            """
    )

    enum ShowFormat: String, ExpressibleByArgument, CaseIterable {
        case text, json, jsonl, csv
        case rawCSV = "csv-raw"

        static let allValueDescriptions = [
            "text": "for people", "json": "the alert as an object", "jsonl": "its events, an object a line",
            "csv": "its events: " + CSVText.guardedWords, "csv-raw": "its events: " + CSVText.rawWords,
        ]
    }

    @Argument(help: "The alert's id, or the beginning of it.")
    var id: String

    @OptionGroup var file: DataPlace

    @Option(help: "How to write it.")
    var format: ShowFormat = .text

    @Option(help: "How many events to show from the beginning and from the end of the session; or all.")
    var events: ShownEvents = .ends(10)

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let database = try file.existingDatabase()
            let details: AlertDetails?
            do throws(AlertStoreError) {
                details = try database.details(idPrefix: id)
                if let details { try show(details, database) }
            } catch {
                throw CommandError(error)
            }
            guard details == nil else { return }
            throw .usage(
                "no alert, or more than one, has an id that begins with \"\(id)\"; see `patternalarm alerts list`"
            )
        }
    }

    /// Events are read and written one by one: an alert may have more of them than memory.
    private func show(_ details: AlertDetails, _ database: AlertDatabase) throws(AlertStoreError) {
        let (first, last) = events.positions(of: details.alert.events)
        let writer = writer(details, leftOut: last.lowerBound - first.upperBound)
        try database.eachEvent(of: details.alert.id, positions: first) { writer.add($0) }
        writer.leaveOut(first.upperBound..<last.lowerBound)
        try database.eachEvent(of: details.alert.id, positions: last) { writer.add($0) }
        writer.end()
    }

    private func writer(_ details: AlertDetails, leftOut: Int) -> any AlertWriter {
        switch format {
        case .text: AlertText(details)
        case .json: AlertJSON(details, leftOut: leftOut)
        case .jsonl: AlertEventList(.jsonl)
        case .csv: AlertEventList(.csv)
        case .rawCSV: AlertEventList(.rawCSV)
        }
    }
}
