import ArgumentParser
import EventLog
import FileStore

/// `log verify`
struct LogVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every batch of the log: checksum, continuity, content.",
        discussion: """
            Exit code 7 if something is damaged; `patternalarm log repair` says what to do then. Records that a repair \
            has marked as lost are named, but are no damage any more.

              patternalarm log verify --data-dir work
            """
    )

    @OptionGroup var place: LogPlace

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let store = try place.store()
            var damage: [LogDamage] = []
            for partition in try place.partitions(store) {
                let report = try place.report(partition, store)
                Output.data(
                    "\(partition.name): \(report.segments.count) segments, \(report.batches) batches, "
                        + "\(report.records) records, "
                        + (report.damage.isEmpty ? "ok\n" : "\(report.damage.count) damaged places\n")
                )
                for range in report.lost { Output.data("\(partition.name): known: \(range)\n") }
                damage += report.damage
            }
            guard damage.isEmpty else {
                throw .damaged(damage.map { "\($0.file): byte \($0.position): \($0.words)" }.joined(separator: "\n"))
            }
        }
    }
}
