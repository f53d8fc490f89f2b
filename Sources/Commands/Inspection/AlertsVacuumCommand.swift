import AlertStore
import ArgumentParser
import Base
import Console
import FileStore

/// `alerts vacuum`
struct AlertsVacuumCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vacuum",
        abstract: "Give up old alerts, and give their space back to the file system.",
        discussion: """
            Alerts can be made from the log again; what people said of them (labels, triage) stays.

              patternalarm alerts vacuum
              patternalarm alerts vacuum --older-than 30d
            """
    )

    @OptionGroup var place: DataPlace

    @Option(help: "Give up alerts that ended longer ago than this, by event time.")
    var olderThan: TimeSpan?

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            _ = try place.store()
            let lock = try place.lock()
            defer { withExtendedLifetime(lock) {} }
            do throws(AlertStoreError) {
                try AlertFiles.finishSalvage(of: place.alertsPath)
                let database = try AlertDatabase(path: place.alertsPath)
                var count = 0
                if let span = olderThan {
                    for known in try database.progress() {
                        guard let clock = known.progress.clockMilliseconds else { continue }
                        count += try database.expire(
                            topic: known.topic,
                            partition: known.progress.partition,
                            before: clock - span.milliseconds
                        )
                    }
                }
                try database.vacuum()
                try database.close()
                Output.talk("\(grouped(count)) alerts given up; \(place.alertsPath) has been packed")
            } catch {
                throw CommandError(error)
            }
        }
    }
}
