import ArgumentParser
import Base
import Console
import FileStore
import Foundation
import Upkeep

/// `backup`: a copy of a data directory, while a replay may be running.
struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy a data directory into a new folder; a replay may be running.",
        discussion: """
            First the checkpoints are copied, then the alerts file as of one moment, then the log, what has been activated \
            last, then the pipelines and models that this names: none is ahead of the one that follows, so the copy opens like the original after a power cut. A list with the checksum of every file is \
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
            let backup: Backup
            do throws(CommandError) {
                backup = try wholeCopy(store, to: draft)
                // The whole backup gets its name at once.
                try Scratch.rename(draft, to: folder)
            } catch {
                if access(draft, F_OK) == 0 { Scratch.remove(draft) }
                throw error
            }
            let list = backup.list
            Output.talk(
                "\(list.files.count) files, \(grouped(list.bytes)) bytes"
                    + (list.files.contains { $0.name == Backup.alerts } ? "" : ", no alerts file") + "; restore with: "
                    + shellWords(["patternalarm", "restore", folder])
            )
            let missing = backup.missing + list.left
            guard missing.isEmpty else {
                throw .damaged(
                    "what there is has been copied, but this is not all:\n" + missing.joined(separator: "\n")
                )
            }
        }
    }

    private func wholeCopy(_ store: DiskStore, to draft: String) throws(CommandError) -> Backup {
        while true {
            let copy = try CommandError.running { () throws(UpkeepError) in
                try Backup.copy(place.files, store, to: draft)
            }
            if let copy { return copy }
            Output.talk("the log has been shortened meanwhile (log retain): everything is copied again")
            Scratch.remove(draft)
        }
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
            let list = try CommandError.running { () throws(UpkeepError) in try Backup.list(of: folder) }
            let draft = scratchPath(for: dataDir, ".restoring")
            if access(draft, F_OK) == 0 { Scratch.remove(draft) }
            try CommandError.running { () throws(UpkeepError) in
                try Backup.restore(list, from: folder, to: DiskStore(root: draft))
            }
            // The whole directory gets its name at once.
            try Scratch.rename(draft, to: dataDir)
            Output.talk("\(list.files.count) files, \(grouped(list.bytes)) bytes restored to \(dataDir)")
        }
    }
}
