import AlertStore
import ArgumentParser
import Console
import EventLog
import FileStore
import Foundation
import Upkeep

/// A data directory that is only looked at.
struct DataPlace: ParsableArguments {
    @Option(help: "The data directory.")
    var dataDir = "patternalarm-data"

    @Option(help: "The alerts file (default: alerts.sqlite in the data directory).")
    var alerts: String?

    var alertsPath: String { alerts ?? dataDir + "/alerts.sqlite" }

    /// The directory's files.
    func store() throws(CommandError) -> DiskStore {
        try Self.store(of: dataDir)
    }

    /// The files of a directory that has a log, or had one: of which checkpoints or alerts are left.
    static func store(of dataDir: String) throws(CommandError) -> DiskStore {
        guard ["log", "state", "alerts.sqlite"].contains(where: { access(dataDir + "/" + $0, F_OK) == 0 }) else {
            throw .storage("there is no log in \(dataDir); run `patternalarm replay` first, or name it with --data-dir")
        }
        return DiskStore(root: dataDir)
    }

    /// The right to change the directory, which must exist.
    func lock() throws(CommandError) -> DirectoryLock { try Self.lock(dataDir) }

    static func lock(_ dataDir: String) throws(CommandError) -> DirectoryLock {
        try CommandError.running { () throws(DirectoryLock.Failure) in try DirectoryLock(dataDir) }
    }

    var files: DataFiles { DataFiles(dataDir: dataDir, alerts: alerts) }

    /// The alerts file, for reading; nil if there is none.
    func database() throws(CommandError) -> AlertDatabase? {
        try CommandError.running { () throws(UpkeepError) in try files.database() }
    }

    /// The alerts file, for reading.
    func existingDatabase() throws(CommandError) -> AlertDatabase {
        guard let database = try database() else { throw CommandError(AlertStoreError.notFound(path: alertsPath)) }
        return database
    }
}
