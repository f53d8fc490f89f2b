import ArgumentParser
import Base
import Console
import Upkeep

/// `log export`
struct LogExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the log's events into a recording, byte for byte.",
        discussion: """
            One event a line, in the order of partitions and offsets; compressed if the name ends in .lz4. Each \
            partition's events keep their order, so that replaying the file into another data directory gives the same \
            alerts: `patternalarm replay` is the way back in. Records that a repair has marked as lost are left out.

              patternalarm log export monday.jsonl.lz4 --data-dir work
              patternalarm log export - --from 2026-03-02T08:00:00Z \\
                --to 2026-03-02T09:00:00Z | wc -l
              patternalarm replay monday.jsonl.lz4 --data-dir other
            """
    )

    @Argument(help: "A new file, compressed if it ends in .lz4; - is standard output. NAME.part until it is whole.")
    var file: String

    @OptionGroup var place: LogPlace

    @OptionGroup var range: LogRange

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let store = try place.store()
            let partitions = try place.eventPartitions(store, number: range.partition)
            let target = try ExportTarget(file)
            var events = 0
            for partition in partitions {
                try range.forEach(in: partition, store) { event throws(CommandError) in
                    guard !event.value.contains(0x0A) else {
                        throw .input(
                            "\(partition.name), offset \(event.offset): the event holds a line end, so that no line can hold "
                                + "it; leave it out with --from and --to"
                        )
                    }
                    try target.write(event.value)
                    events += 1
                    return true
                }
            }
            try target.close()
            Output.talk("\(grouped(events)) events")
        }
    }
}
