import ArgumentParser
import Console
import EventLog
import FileStore
import Foundation
import Upkeep

/// `log`: look at the event log itself.
struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "List, print, check, repair and shorten the event log.",
        subcommands: [
            LogListCommand.self, LogBatchesCommand.self, LogStatsCommand.self, LogCatCommand.self,
            LogConsumersCommand.self,
            LogExportCommand.self, LogVerifyCommand.self, LogRepairCommand.self, LogRetainCommand.self,
        ]
    )
}

/// Where the log is.
struct LogPlace: ParsableArguments {
    @Option(help: "The data directory.")
    var dataDir = "patternalarm-data"

    func store() throws(CommandError) -> DiskStore {
        try DataPlace.store(of: dataDir)
    }

    /// The partitions with events that the log has or is meant to have, or the one with that number, by topic and number.
    func eventPartitions(_ store: DiskStore, number: Int? = nil) throws(CommandError) -> [LogPartition] {
        try numbered(number, of: try partitions(store).filter { !$0.hasActivations })
    }

    /// All partitions, that of the activations too, or those with that number.
    func partitions(_ store: DiskStore, number: Int? = nil) throws(CommandError) -> [LogPartition] {
        try numbered(number, of: try CommandError.running { () throws(UpkeepError) in try LogPartition.all(store) })
    }

    private func numbered(_ number: Int?, of all: [LogPartition]) throws(CommandError) -> [LogPartition] {
        guard let number else { return all }
        let found = all.filter { $0.number == number }
        guard !found.isEmpty else {
            let known = all.map { String($0.number) }.joined(separator: ", ")
            throw .usage("the log in \(dataDir) has no partition \(number); it has \(known)")
        }
        return found
    }

    /// Ends a command that has told what is there with what is not: partitions, segments, and what is none.
    func endOnLoss(_ reports: [LogReport]) throws(CommandError) {
        let missing = reports.flatMap(\.damage).filter(\.hasNoSegment)
        guard missing.isEmpty else { throw .damaged(missing.map(\.description).joined(separator: "\n")) }
    }

    func report(_ partition: LogPartition, _ store: DiskStore) throws(CommandError) -> LogReport {
        try CommandError.running { () throws(LogError) in
            try LogReport.verify(directory: partition.directory, store: store)
        }
    }

    /// The right to change the log.
    func lock() throws(CommandError) -> DirectoryLock {
        try DataPlace.lock(dataDir)
    }
}
