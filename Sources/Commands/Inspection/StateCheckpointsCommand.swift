import ArgumentParser
import Base
import Bytes
import Console
import FileStore
import StateStore
import Upkeep

/// `state checkpoints`
struct StateCheckpointsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkpoints",
        abstract: "List the checkpoints and check every byte of them.",
        discussion: "  patternalarm state checkpoints --data-dir work"
    )

    @OptionGroup var place: DataPlace

    @Option(help: "How to write it.")
    var format: OutputFormat = .table

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let store = try place.store()
            var listing = Listing(
                columns: ["partition", "checkpoint", "offset", "clock", "records", "bytes", "fault"],
                rows: []
            )
            var isDamaged = false
            do throws(FileError) {
                for name in try store.list("state") {
                    let checkpoints = CheckpointStore(directory: "state/" + name, fingerprint: nil, store: store)
                    for summary in try checkpoints.summaries() {
                        let clock = summary.clock.map { EventTime(microseconds: $0).milliseconds }
                        isDamaged = isDamaged || summary.fault != nil
                        listing.rows.append([
                            .text(name), .integer(summary.sequence), .integer(Int(summary.offset)),
                            .optional(clock.map { TimeParser.text(milliseconds: $0) }), .integer(summary.records),
                            .integer(summary.bytes), .optional(summary.fault),
                        ])
                    }
                }
            } catch {
                throw CommandError(error)
            }
            listing.write(as: format)
            guard !isDamaged else {
                throw .damaged(Verification.damagedCheckpoints)
            }
        }
    }
}
