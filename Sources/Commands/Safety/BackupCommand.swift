import AlertStore
import ArgumentParser
import Base
import Console
import EventLog
import FileStore
import Foundation

/// `backup`: a copy of a data directory, while a replay may be running.
struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy a data directory into a new folder; a replay may be running.",
        discussion: """
            First the checkpoints are copied, then the alerts file as of one moment, then the log: none is ahead of the one \
            that follows, so the copy opens like the original after a power cut. A list with the checksum of every file is \
            written last: a folder without it is not a backup. Exit code 7 if the log lacks something, the alerts file is \
            missed, or something is no file: the rest has been copied then.

              patternalarm backup /media/usb/2026-03-02 --data-dir work
            """
    )

    @Argument(help: "The new folder.")
    var folder: String

    @OptionGroup var place: DataPlace

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let store = try place.store()
            guard access(folder, F_OK) != 0 else { throw .usage("\(folder) exists: name a new folder") }
            let draft = scratchPath(for: folder, ".unfinished")
            if access(draft, F_OK) == 0 { Scratch.remove(draft) }
            let list: BackupList
            var missing: [String] = []
            do throws(CommandError) {
                list = try wholeCopy(store, to: draft, &missing)
                // The whole backup gets its name at once.
                try Scratch.rename(draft, to: folder)
            } catch {
                if access(draft, F_OK) == 0 { Scratch.remove(draft) }
                throw error
            }
            Output.talk(
                "\(list.files.count) files, \(grouped(list.bytes)) bytes"
                    + (list.files.contains { $0.name == Self.alerts } ? "" : ", no alerts file") + "; restore with: "
                    + shellWords(["patternalarm", "restore", folder])
            )
            missing += list.left
            guard missing.isEmpty else {
                throw .damaged(
                    "what there is has been copied, but this is not all:\n" + missing.joined(separator: "\n")
                )
            }
        }
    }

    private static let alerts = "alerts.sqlite"

    /// Copies everything into a folder; what is not there, though it is meant to be, is put into `missing`.
    private func wholeCopy(
        _ store: DiskStore,
        to draft: String,
        _ missing: inout [String]
    ) throws(CommandError) -> BackupList {
        while true {
            let manifest = try manifest(store)
            if let list = try copy(store, manifest, to: draft, &missing) { return list }
            Output.talk("the log has been shortened meanwhile (log retain): everything is copied again")
            Scratch.remove(draft)
        }
    }

    /// Nil if the log has been shortened since the manifest was read: its copy may begin behind the checkpoints.
    private func copy(
        _ store: DiskStore,
        _ manifest: LogManifest?,
        to draft: String,
        _ missing: inout [String]
    ) throws(CommandError) -> BackupList? {
        let target = DiskStore(root: draft)
        var list = BackupList()
        // Each before what it rests on, as a writer may go on meanwhile: a start needs a checkpoint that the alerts have
        // reached, and alerts whose events are in the log.
        do throws(FileError) {
            try target.createDirectory("")
            try list.copyFolder("state", from: store, to: target)
        } catch {
            throw CommandError(error)
        }
        let database = try place.database()
        missing = try place.missing(store, database) + place.missingState(store, database)
        if let words = try place.missingAlerts(store) { missing.append(words) }
        if let database {
            try CommandError.storing { () throws(AlertStoreError) in
                try database.backup(to: draft + "/" + Self.alerts)
            }
        }
        do throws(FileError) { try list.copyFolder("log", from: store, to: target) } catch { throw CommandError(error) }
        if let later = try self.manifest(store), !later.begins(as: manifest) { return nil }
        do throws(FileError) {
            if let manifest {
                let name = "log/" + LogManifest.name
                try target.replace(name, with: manifest.encoded)
                try list.add(name, in: target)
            }
            try list.copyFolder("models", from: store, to: target)
            if database != nil { try list.add(Self.alerts, in: target) }
            try target.replace(BackupList.name, with: list.encoded())
        } catch {
            throw CommandError(error)
        }
        return list
    }

    private func manifest(_ store: DiskStore) throws(CommandError) -> LogManifest? {
        do throws(LogError) { return try LogManifest.read(store: store) } catch { throw CommandError(error) }
    }
}

/// `restore`: a data directory from a backup.
struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Make a data directory from a backup.",
        discussion: """
            Every file is compared with the backup's list; nothing is written where a data directory is already.

              patternalarm restore /media/usb/2026-03-02 --data-dir work
            """
    )

    @Argument(help: "The backup's folder.")
    var folder: String

    @Option(help: "The new data directory.")
    var dataDir = "patternalarm-data"

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            guard access(dataDir, F_OK) != 0 else {
                throw .usage("\(dataDir) exists: name a new folder with --data-dir")
            }
            let source = DiskStore(root: folder)
            do {
                guard let bytes = try source.contents(of: BackupList.name), let list = BackupList(bytes) else {
                    throw CommandError.damaged("\(folder) is no whole backup: \(BackupList.name) is missing or damaged")
                }
                let draft = scratchPath(for: dataDir, ".restoring")
                if access(draft, F_OK) == 0 { Scratch.remove(draft) }
                let target = DiskStore(root: draft)
                try target.createDirectory("")
                for file in list.files {
                    try target.createDirectory(directoryName(of: file.name))
                    var copied = BackupList()
                    try copied.copy(file.name, from: source, to: target)
                    guard copied.files.first == file else {
                        throw CommandError.damaged("\(folder)/\(file.name) is not what was backed up")
                    }
                }
                // The whole directory gets its name at once.
                try Scratch.rename(draft, to: dataDir)
                Output.talk("\(list.files.count) files, \(grouped(list.bytes)) bytes restored to \(dataDir)")
            } catch let error as CommandError {
                throw error
            } catch {
                throw .storage("\(error)")
            }
        }
    }
}
