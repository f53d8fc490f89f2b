import AlertStore
import ArgumentParser
import Bytes
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
            guard !FileManager.default.fileExists(atPath: folder) else {
                throw .usage("\(folder) exists: name a new folder")
            }
            let target = DiskStore(root: folder)
            var list = BackupList()
            do {
                try target.createDirectory("")
                if let database = try place.database() { try database.backup(to: folder + "/alerts.sqlite") }
                for partition in try store.list("log") {
                    try target.createDirectory("log/" + partition)
                    // The durable mark first: copied last it could claim more than the copied log holds.
                    let names = try store.list("log/" + partition).sorted {
                        ($0.hasPrefix("durable") ? 0 : 1, $0) < ($1.hasPrefix("durable") ? 0 : 1, $1)
                    }
                    for name in names { try list.copy("log/\(partition)/\(name)", from: store, to: target) }
                }
                for folder in ["state", "models"] {
                    for part in try store.list(folder) {
                        try target.createDirectory("\(folder)/\(part)")
                        for name in try store.list("\(folder)/\(part)") {
                            // A checkpoint may be taken away meanwhile by newer ones.
                            try list.copy("\(folder)/\(part)/\(name)", from: store, to: target, isOptional: true)
                        }
                    }
                }
                if FileManager.default.fileExists(atPath: folder + "/alerts.sqlite") {
                    try list.add("alerts.sqlite", in: target)
                }
                try target.replace(BackupList.name, with: list.encoded())
            } catch let error as CommandError {
                throw error
            } catch let error as AlertStoreError {
                throw CommandError(error)
            } catch {
                throw .storage("\(error)")
            }
            Output.talk(
                "\(list.files.count) files, \(grouped(list.bytes)) bytes; restore with: patternalarm restore \(folder)"
            )
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
            guard !FileManager.default.fileExists(atPath: dataDir) else {
                throw .usage("\(dataDir) exists: name a new folder with --data-dir")
            }
            let source = DiskStore(root: folder)
            do {
                guard let bytes = try source.contents(of: BackupList.name), let list = BackupList(bytes) else {
                    throw CommandError.damaged("\(folder) is no whole backup: \(BackupList.name) is missing or damaged")
                }
                let draft = dataDir + ".restoring"
                if FileManager.default.fileExists(atPath: draft) { Scratch.remove(draft) }
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
                guard rename(draft, dataDir) == 0 else {
                    throw CommandError.storage(
                        "cannot rename \(draft) to \(dataDir): \(String(cString: strerror(errno)))"
                    )
                }
                Output.talk("\(list.files.count) files, \(grouped(list.bytes)) bytes restored to \(dataDir)")
            } catch let error as CommandError {
                throw error
            } catch {
                throw .storage("\(error)")
            }
        }
    }
}

/// The files of a backup with their sizes and checksums: tab-separated lines, and the checksum of all lines at the end.
struct BackupList {
    struct File: Equatable {
        var name: String
        var bytes: Int
        var checksum: UInt32
    }

    static let name = "backup.txt"

    private(set) var files: [File] = []

    var bytes: Int { files.reduce(0) { $0 + $1.bytes } }

    init() {}

    init?(_ bytes: [UInt8]) {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard let last = lines.last, last.hasPrefix("crc32c\t") else { return nil }
        let body = lines.dropLast().map { $0 + "\n" }.joined()
        guard UInt32(last.dropFirst(7), radix: 16) == Checksum.crc32c(Array(body.utf8)) else { return nil }
        for line in lines.dropLast() {
            let parts = line.split(separator: "\t")
            guard parts.count == 3, let size = Int(parts[1]), let checksum = UInt32(parts[2], radix: 16),
                !parts[0].hasPrefix("/"), !parts[0].split(separator: "/").contains("..")
            else { return nil }
            files.append(File(name: String(parts[0]), bytes: size, checksum: checksum))
        }
    }

    func encoded() -> [UInt8] {
        let body = files.map { "\($0.name)\t\($0.bytes)\t\(String($0.checksum, radix: 16))\n" }.joined()
        return Array((body + "crc32c\t\(String(Checksum.crc32c(Array(body.utf8)), radix: 16))\n").utf8)
    }

    /// Copies a file as it is now and notes it; durable on return. A folder, or an optional file that is gone, is passed over.
    mutating func copy(
        _ name: String,
        from source: DiskStore,
        to target: DiskStore,
        isOptional: Bool = false
    ) throws(FileError) {
        var isFolder: ObjCBool = false
        let path = source.root + "/" + name
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else { return }
        do throws(FileError) {
            let size = try source.size(of: name) ?? 0
            let checksum = try Self.pass(name, size, from: source) { (bytes, position) throws(FileError) in
                try target.write(bytes, to: name, at: position)
            }
            if size == 0 { try target.write([], to: name, at: 0) }
            try target.sync(name)
            try target.syncDirectory(directoryName(of: name))
            files.append(File(name: name, bytes: size, checksum: checksum))
        } catch {
            guard isOptional, error.code == ENOENT else { throw error }
        }
    }

    /// Notes a file that is there already, after making it durable.
    mutating func add(_ name: String, in target: DiskStore) throws(FileError) {
        let size = try target.size(of: name) ?? 0
        let checksum = try Self.pass(name, size, from: target) { _, _ in }
        try target.sync(name)
        files.append(File(name: name, bytes: size, checksum: checksum))
    }

    private static func pass(
        _ name: String,
        _ size: Int,
        from source: DiskStore,
        _ body: (UnsafeRawBufferPointer, Int) throws(FileError) -> Void
    ) throws(FileError) -> UInt32 {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        var checksum: UInt32 = 0
        var position = 0
        while position < size {
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, size - position)])
            let count = try source.read(name, at: position, into: part)
            guard count > 0 else { break }
            let bytes = UnsafeRawBufferPointer(rebasing: part[..<count])
            checksum = Checksum.crc32c(bytes, continuing: checksum)
            try body(bytes, position)
            position += count
        }
        return checksum
    }
}
