import ArgumentParser
import Bytes
import Console
import FileStore
public import Upkeep

/// Which part of the log: `--partition`, and `--from` and `--to` as offsets or as times.
struct LogRange: ParsableArguments {
    @Option(help: "Partition; all of them otherwise.")
    var partition: Int?

    @Option(help: "First offset, or earliest event time (ISO 8601).")
    var from: LogBound?

    @Option(help: "Offset behind the last one, or the time that all events are before (ISO 8601).")
    var to: LogBound?

    /// Calls the body with each wanted event of a partition, in offset order, until it returns false.
    func forEach(
        in partition: LogPartition,
        _ store: DiskStore,
        _ body: (LogEvents.Event) throws(CommandError) -> Bool
    ) throws(CommandError) {
        let events = try CommandError.running { () throws(UpkeepError) in
            try LogEvents(partition, store, from: from, to: to)
        }
        while let event = try CommandError.running({ () throws(UpkeepError) in try events.next() }) {
            guard try body(event) else { return }
        }
    }
}

extension LogBound: ExpressibleByArgument {
    public init?(argument: String) {
        if let offset = Int64(argument) {
            guard offset >= 0 else { return nil }
            self = .offset(offset)
        } else {
            var text = argument
            guard let time = text.withUTF8({ TimeParser.iso8601($0) }) else { return nil }
            self = .time(time)
        }
    }
}
