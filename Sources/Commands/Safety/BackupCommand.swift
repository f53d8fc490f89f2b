import AlertStore
import ArgumentParser
import FileStore
import Foundation

/// `backup`: a copy of a data directory, while a replay may be running.
struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy a data directory into a new folder; a replay may be running.",
        discussion: """
            The alerts file is copied as of one moment, then the log, which is never behind it: the copy opens like the \
            original after a power cut. A list with the checksum of every file is written last: a folder without it is not a \
            backup.

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
            do throws(CommandError) {
                list = try copy(store, to: draft)
                // The whole backup gets its name at once.
                try Scratch.rename(draft, to: folder)
            } catch {
                if access(draft, F_OK) == 0 { Scratch.remove(draft) }
                throw error
            }
            Output.talk(
                "\(list.files.count) files, \(grouped(list.bytes)) bytes; restore with: "
                    + shellWords(["patternalarm", "restore", folder])
            )
        }
    }

    private func copy(_ store: DiskStore, to draft: String) throws(CommandError) -> BackupList {
        let target = DiskStore(root: draft)
        var list = BackupList()
        let database = try place.database()
        do throws(FileError) { try target.createDirectory("") } catch { throw .storage(error.description) }
        if let database {
            try CommandError.storing { () throws(AlertStoreError) in try database.backup(to: draft + "/alerts.sqlite") }
        }
        do throws(FileError) {
            for part in ["log", "state", "models"] { try list.copyFolder(part, from: store, to: target) }
            if database != nil { try list.add("alerts.sqlite", in: target) }
        } catch {
            throw .storage(error.description)
        }
        guard list.strangers.isEmpty else {
            let words = list.strangers.map { "cannot copy \(Output.safe(place.dataDir + "/" + $0)): it is no file" }
            throw .storage(words.joined(separator: "\n") + "\nmove it away, and run the same command again")
        }
        do throws(FileError) { try target.replace(BackupList.name, with: list.encoded()) } catch {
            throw .storage(error.description)
        }
        return list
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
