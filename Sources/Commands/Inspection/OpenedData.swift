import AlertStore
import ArgumentParser
import Base
import Engine
import EventLog
import FileStore
import Foundation
import Plan

/// A data directory that is only looked at.
struct DataPlace: ParsableArguments {
    @Option(help: "The data directory.")
    var dataDir = "patternalarm-data"

    @Option(help: "The alerts file (default: alerts.sqlite in the data directory).")
    var alerts: String?

    var alertsPath: String { alerts ?? dataDir + "/alerts.sqlite" }

    /// The directory's files.
    func store() throws(CommandError) -> DiskStore {
        guard FileManager.default.fileExists(atPath: dataDir + "/log") else {
            throw .storage("there is no log in \(dataDir); run `patternalarm replay` first, or name it with --data-dir")
        }
        return DiskStore(root: dataDir)
    }

    /// The alerts file, for reading; nil if there is none.
    func database() throws(CommandError) -> AlertDatabase? {
        guard FileManager.default.fileExists(atPath: alertsPath) else { return nil }
        do throws(AlertStoreError) { return try AlertDatabase(path: alertsPath, readOnly: true) } catch {
            throw CommandError(error)
        }
    }

    /// How many events each partition of the log holds: first offset and the offset behind the last whole batch.
    ///
    /// Reads only the newest segment of each partition; changes nothing.
    func bounds(_ store: DiskStore) throws(CommandError) -> [(name: String, start: Int64, end: Int64)] {
        var found: [(name: String, start: Int64, end: Int64)] = []
        do {
            for name in try store.list("log") where name.contains("-") {
                let bounds = try PartitionReader.bounds(directory: "log/" + name, store: store)
                found.append((name, bounds.start.rawValue, bounds.end.rawValue))
            }
        } catch let error as LogError {
            throw CommandError(error)
        } catch {
            throw .storage("\(error)")
        }
        return found
    }
}
