import ArgumentParser
import Base
import Bytes
import Console
import EventLog
import FileStore
import Upkeep

/// `log cat`
struct LogCatCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cat",
        abstract: "Print events from the log, as they came.",
        discussion: """
              patternalarm log cat --partition 0 --from 1000 --limit 5
              patternalarm log cat --consumer reports --limit 1000 | ./report
              patternalarm log cat --key A482913 --from 2026-03-02T08:00:00Z \\
                --to 2026-03-02T09:00:00Z --with-offsets
            """
    )

    @OptionGroup var place: LogPlace

    @OptionGroup var range: LogRange

    @Option(help: "Events at most.")
    var limit: Int?

    @Option(help: "Only events with this key.")
    var key: String?

    @Option(help: "Go on where this named consumer stopped, and remember how far it has come now.")
    var consumer: String?

    @Flag(help: "Put partition, offset and time before each event, separated by tabs.")
    var withOffsets = false

    func validate() throws {
        if let limit, limit < 0 { throw ValidationError("--limit must not be negative.") }
        guard consumer == nil || range.from == nil else {
            throw ValidationError("A consumer goes on where it stopped: leave --from out.")
        }
    }

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let store = try place.store()
            var left = limit ?? .max
            let wanted = key.map { Array($0.utf8) }
            let offsets = try consumer.map { (name) throws(CommandError) in try Self.offsets(of: name, store) }
            for partition in try place.eventPartitions(store, number: range.partition) where left > 0 {
                var range = range
                if let offsets { range.from = .offset(offsets[partition.name]?.rawValue ?? 0) }
                var end: Int64?
                var out: [UInt8] = []
                // What came before damage is printed, too.
                defer { Output.data(out, .json) }
                try range.forEach(in: partition, store) { event in
                    end = event.offset + 1
                    // Bytes are compared, not characters: texts that look the same may be different keys.
                    if let wanted, event.key?.elementsEqual(wanted) != true { return true }
                    if withOffsets {
                        let time = TimeParser.text(milliseconds: event.milliseconds)
                        out.append(contentsOf: "\(partition.name)\t\(event.offset)\t\(time)\t".utf8)
                    }
                    Output.append(event: event.value, to: &out)
                    if out.count >= 1 << 16 {
                        Output.data(out, .json)
                        out.removeAll(keepingCapacity: true)
                    }
                    left -= 1
                    return left > 0
                }
                guard let consumer, let end else { continue }
                // Printed first: after a crash in between the same events come again, and none is missed.
                Output.data(out, .json)
                out.removeAll()
                do throws(LogError) {
                    try ConsumerOffsets(store: store).commit([partition.name: LogOffset(end)], for: consumer)
                } catch {
                    throw CommandError(error)
                }
            }
        }
    }

    private static func offsets(of consumer: String, _ store: DiskStore) throws(CommandError) -> [String: LogOffset] {
        try CommandError.running { () throws(LogError) in try ConsumerOffsets(store: store).offsets(of: consumer) }
    }
}
