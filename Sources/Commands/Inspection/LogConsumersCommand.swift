import ArgumentParser
import Base
import Console
import EventLog
import FileStore
import Upkeep

/// `log consumers`
struct LogConsumersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consumers",
        abstract: "List the named consumers, and how far they are behind.",
        discussion: """
            A consumer is whoever reads the log under a name, with `log cat --consumer NAME`. `log retain` keeps what it has not \
            read yet.

              patternalarm log consumers --data-dir work
              patternalarm log consumers --forget reports
            """
    )

    @OptionGroup var place: LogPlace

    @Option(help: "Forget this consumer.")
    var forget: String?

    @Option(help: "How to write it.")
    var format: OutputFormat = .table

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let store = try place.store()
            let consumers = ConsumerOffsets(store: store)
            var listing = Listing(columns: ["consumer", "partition", "offset", "end", "lag"], rows: [])
            let partitions = try place.eventPartitions(store)
            do throws(LogError) {
                if let forget { return try consumers.remove(forget) }
                var ends: [String: LogOffset] = [:]
                for partition in partitions {
                    ends[partition.name] = try PartitionReader.bounds(directory: partition.directory, store: store).end
                }
                for name in try consumers.consumers() {
                    for lag in try consumers.lag(of: name, ends: ends) {
                        listing.rows.append([
                            .text(name), .text(lag.partition), .integer(Int(lag.committed?.rawValue ?? 0)),
                            .integer(Int(lag.end.rawValue)), .integer(Int(lag.records)),
                        ])
                    }
                }
            } catch {
                throw CommandError(error)
            }
            listing.write(as: format)
        }
    }
}
