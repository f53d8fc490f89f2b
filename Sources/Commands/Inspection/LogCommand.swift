import ArgumentParser
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
        guard FileManager.default.fileExists(atPath: dataDir + "/log") else {
            throw .storage("there is no log in \(dataDir); run `patternalarm replay` first, or name it with --data-dir")
        }
        return DiskStore(root: dataDir)
    }

    /// The partitions of the log, or the one with that number, by topic and number.
    func partitions(_ store: DiskStore, number: Int? = nil) throws(CommandError) -> [LogPartition] {
        let names: [String]
        do throws(FileError) { names = try store.list("log") } catch { throw .storage(error.description) }
        let all = names.compactMap { LogPartition($0) }
        guard let number else { return all.sorted() }
        let found = all.filter { $0.number == number }
        guard !found.isEmpty else {
            let known = all.sorted().map { String($0.number) }.joined(separator: ", ")
            throw .usage("the log in \(dataDir) has no partition \(number); it has \(known)")
        }
        return found.sorted()
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
struct LogPartition: Comparable {
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

    static func < (left: LogPartition, right: LogPartition) -> Bool {
        (left.topic, left.number) < (right.topic, right.number)
    }
}
