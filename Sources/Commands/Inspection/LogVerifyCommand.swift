import ArgumentParser
import Console
import EventLog
import FileStore
import Upkeep

/// `log verify`
struct LogVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every batch of the log: checksum, continuity, content.",
        discussion: """
            Exit code 7 if something is damaged, cannot be read, or is not there though the log is meant to hold it; \
            `patternalarm log repair` says what to do then. Records that a repair has marked as lost are named, but are no \
            damage any more.

              patternalarm log verify --data-dir work
              patternalarm log verify --deep --data-dir work
            """
    )

    @OptionGroup var place: LogPlace

    @OptionGroup var planning: PlanOptions

    @Flag(help: "Then do what `patternalarm verify --deep` does: compute the alerts from the log again, and compare.")
    var deep = false

    func run() throws {
        try verify()
        guard deep else { return }
        var arguments = ["--deep", "--quiet", "--data-dir", place.dataDir]
        if let pipeline = planning.pipeline { arguments += ["--pipeline", pipeline] }
        if let model = planning.model { arguments += ["--model", model] }
        try VerifyCommand.parse(arguments).run()
    }

    private func verify() throws {
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
                throw .damaged(damage.map(\.description).joined(separator: "\n"))
            }
        }
    }
}
