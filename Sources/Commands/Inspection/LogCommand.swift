import ArgumentParser
import Console
import EventLog
import FileStore
import Foundation

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

    /// The partitions that the log has or is meant to have, or the one with that number, by topic and number.
    func partitions(_ store: DiskStore, number: Int? = nil) throws(CommandError) -> [LogPartition] {
        let all = try LogPartition.all(store)
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
        do throws(LogError) {
            return try LogReport.verify(directory: partition.directory, store: store)
        } catch {
            throw CommandError(error)
        }
    }

    /// The right to change the log.
    func lock() throws(CommandError) -> DirectoryLock {
        try DirectoryLock.take(dataDir)
    }
}

/// One partition's folder in the log.
struct LogPartition: Comparable, Hashable {
    /// Topic and number, as the folder is called.
    let name: String
    let topic: String
    let number: Int

    var directory: String { "log/" + name }

    /// Nil if the folder is something else.
    init?(_ name: String) {
        guard let dash = name.lastIndex(of: "-"), let number = Int(name[name.index(after: dash)...]), number >= 0 else {
            return nil
        }
        self.name = name
        self.number = number
        topic = String(name[..<dash])
    }

    /// Those that have a folder, and those that the manifest names.
    static func all(_ store: DiskStore) throws(CommandError) -> [LogPartition] {
        var names = Set(try folders(store))
        do throws(LogError) {
            if let manifest = try LogManifest.read(store: store) { names.formUnion(manifest.partitions.keys) }
        } catch {
            throw CommandError(error)
        }
        return names.compactMap { LogPartition($0) }.sorted()
    }

    /// The names of those that have a folder.
    static func folders(_ store: DiskStore) throws(CommandError) -> [String] {
        do throws(FileError) { return try store.list("log").filter { LogPartition($0) != nil } } catch {
            throw CommandError(error)
        }
    }

    static func < (left: LogPartition, right: LogPartition) -> Bool {
        (left.topic, left.number) < (right.topic, right.number)
    }
}
