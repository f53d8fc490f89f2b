import FileStore
import GRDBSQLite
import Glibc
import TestKit

/// SQLite's files on a ``CrashingStore``, so that the database, the log and the checkpoints share one disk and every call of
/// any of them can fail (after SQLite's own test VFSs, and its `os_unix.c` for what a VFS has to sync).
///
/// A database is opened with ``id``. One connection at a time: locks are not kept. What an earlier life of the process has
/// opened reaches the disk no more.
final class SimulatedVFS {
    fileprivate let store: CrashingStore
    fileprivate var scratchFiles = 0
    private let name: UnsafeMutablePointer<CChar>
    private let vfs: UnsafeMutablePointer<sqlite3_vfs>

    init(_ store: CrashingStore) {
        self.store = store
        vfs = .allocate(capacity: 1)
        name = "simulated-\(UInt(bitPattern: vfs))".withCString { strdup($0) }
        vfs.initialize(to: Self.methods())
        vfs.pointee.zName = UnsafePointer(name)
        vfs.pointee.pAppData = Unmanaged.passUnretained(self).toOpaque()
        sqlite3_vfs_register(vfs, 0)
    }

    deinit {
        sqlite3_vfs_unregister(vfs)
        vfs.deallocate()
        free(name)
    }

    /// The name under which SQLite knows it.
    var id: String { String(cString: name) }

    fileprivate static func of(_ vfs: UnsafeMutablePointer<sqlite3_vfs>?) -> SimulatedVFS? {
        vfs?.pointee.pAppData.map { Unmanaged<SimulatedVFS>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func methods() -> sqlite3_vfs {
        var vfs = sqlite3_vfs()
        vfs.iVersion = 2
        vfs.szOsFile = Int32(MemoryLayout<Handle>.size)
        vfs.mxPathname = 512
        vfs.xOpen = { vfs, path, handle, flags, outFlags in
            handle?.pointee.pMethods = nil
            guard let simulated = SimulatedVFS.of(vfs), let handle else { return SQLITE_MISUSE }
            var name = path.map { String(cString: $0) }
            if name == nil {
                simulated.scratchFiles += 1
                name = "scratch-\(simulated.scratchFiles)"
            }
            guard let file = SimulatedFile(name ?? "", simulated.store, flags) else { return SQLITE_CANTOPEN }
            UnsafeMutableRawPointer(handle).assumingMemoryBound(to: Handle.self).pointee.file =
                Unmanaged.passRetained(file).toOpaque()
            handle.pointee.pMethods = SimulatedFile.methods
            outFlags?.pointee = flags
            return SQLITE_OK
        }
        vfs.xDelete = { vfs, path, syncsDirectory in
            guard let store = SimulatedVFS.of(vfs)?.store, let path else { return SQLITE_MISUSE }
            let name = String(cString: path)
            do throws(FileError) {
                guard try store.size(of: name) != nil else { return sqliteDeleteNoEntry }
                try store.remove(name)
            } catch {
                return sqliteDelete
            }
            guard syncsDirectory != 0 else { return SQLITE_OK }
            do throws(FileError) { try store.syncDirectory(directoryName(of: name)) } catch {
                return sqliteDirectorySync
            }
            return SQLITE_OK
        }
        vfs.xAccess = { vfs, path, flags, result in
            guard let store = SimulatedVFS.of(vfs)?.store, let path else { return SQLITE_MISUSE }
            do throws(FileError) {
                let size = try store.size(of: String(cString: path))
                // As os_unix.c has it, an empty file does not exist.
                result?.pointee = (flags == SQLITE_ACCESS_EXISTS ? size ?? 0 > 0 : size != nil) ? 1 : 0
                return SQLITE_OK
            } catch {
                return sqliteAccess
            }
        }
        vfs.xFullPathname = { _, path, room, target in
            guard let path, let target, strlen(path) < room else { return SQLITE_CANTOPEN }
            strcpy(target, path)
            return SQLITE_OK
        }
        vfs.xRandomness = { _, count, target in
            if let target { memset(target, 7, Int(count)) }
            return count
        }
        vfs.xSleep = { _, _ in 0 }
        vfs.xCurrentTime = { _, days in
            days?.pointee = 2_461_000.5
            return SQLITE_OK
        }
        vfs.xCurrentTimeInt64 = { _, milliseconds in
            milliseconds?.pointee = 2_461_000 * 86_400_000 + 43_200_000
            return SQLITE_OK
        }
        vfs.xGetLastError = { _, _, _ in 0 }
        return vfs
    }
}

/// What SQLite holds of an open file: its own part, and ours.
private struct Handle {
    var base: sqlite3_file
    var file: UnsafeMutableRawPointer?
}

/// One open file of a ``SimulatedVFS``.
private final class SimulatedFile {
    private let name: String
    private let store: CrashingStore
    private let life: Int
    private let isScratch: Bool
    /// Whether the file was made by opening it, and its name has not been synced yet.
    private var hasNewName = false
    private var sharedMemory: [UnsafeMutableRawPointer] = []

    /// Nil if the file cannot be opened.
    init?(_ name: String, _ store: CrashingStore, _ flags: Int32) {
        self.name = name
        self.store = store
        life = store.life
        isScratch = flags & SQLITE_OPEN_DELETEONCLOSE != 0
        do throws(FileError) {
            if try store.size(of: name) == nil {
                guard flags & SQLITE_OPEN_CREATE != 0 else { return nil }
                try store.truncate(name, to: 0)
                hasNewName = flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL) != 0
            }
        } catch {
            return nil
        }
    }

    deinit { for region in sharedMemory { region.deallocate() } }

    private static func of(_ handle: UnsafeMutablePointer<sqlite3_file>?) -> SimulatedFile? {
        guard let handle else { return nil }
        let ours = UnsafeMutableRawPointer(handle).assumingMemoryBound(to: Handle.self)
        return ours.pointee.file.map { Unmanaged<SimulatedFile>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Does something to the file of that handle; a file error, or a process that has died since, becomes `code`.
    private static func attempt(
        _ handle: UnsafeMutablePointer<sqlite3_file>?,
        _ code: Int32,
        _ body: (SimulatedFile) throws(FileError) -> Int32
    ) -> Int32 {
        guard let file = of(handle), file.life == file.store.life else { return code }
        do throws(FileError) { return try body(file) } catch {
            // As os_unix.c: a sync has failed whatever the reason.
            return error.isOutOfSpace && error.operation != .sync ? SQLITE_FULL : code
        }
    }

    /// Never changed, never freed.
    nonisolated(unsafe) static let methods: UnsafePointer<sqlite3_io_methods> = {
        let table = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        table.initialize(to: sqlite3_io_methods())
        table.pointee.iVersion = 2
        table.pointee.xClose = { handle in
            guard let file = SimulatedFile.of(handle) else { return SQLITE_OK }
            if file.isScratch {
                _ = SimulatedFile.attempt(handle, SQLITE_OK) { (file) throws(FileError) in try file.discard() }
            }
            Unmanaged.passUnretained(file).release()
            return SQLITE_OK
        }
        table.pointee.xRead = { handle, target, count, position in
            SimulatedFile.attempt(handle, sqliteRead) { (file) throws(FileError) in
                let target = UnsafeMutableRawBufferPointer(start: target, count: Int(count))
                let found = try file.store.read(file.name, at: Int(position), into: target)
                guard found < target.count else { return SQLITE_OK }
                UnsafeMutableRawBufferPointer(rebasing: target[found...]).initializeMemory(as: UInt8.self, repeating: 0)
                return sqliteShortRead
            }
        }
        table.pointee.xWrite = { handle, source, count, position in
            SimulatedFile.attempt(handle, sqliteWrite) { (file) throws(FileError) in
                // As os_unix.c, which takes no more at once.
                guard count < 1 << 17 else { return SQLITE_FULL }
                let bytes = UnsafeRawBufferPointer(start: source, count: Int(count))
                try file.store.write(bytes, to: file.name, at: Int(position))
                return SQLITE_OK
            }
        }
        table.pointee.xTruncate = { handle, size in
            SimulatedFile.attempt(handle, sqliteTruncate) { (file) throws(FileError) in
                try file.store.truncate(file.name, to: Int(size))
                return SQLITE_OK
            }
        }
        table.pointee.xSync = { handle, _ in
            SimulatedFile.attempt(handle, sqliteSync) { (file) throws(FileError) in
                try file.store.sync(file.name)
                if file.hasNewName { try file.store.syncDirectory(directoryName(of: file.name)) }
                file.hasNewName = false
                return SQLITE_OK
            }
        }
        table.pointee.xFileSize = { handle, size in
            SimulatedFile.attempt(handle, sqliteStatus) { (file) throws(FileError) in
                size?.pointee = Int64(try file.store.size(of: file.name) ?? 0)
                return SQLITE_OK
            }
        }
        table.pointee.xLock = { handle, _ in SimulatedFile.attempt(handle, sqliteLock) { _ in SQLITE_OK } }
        table.pointee.xUnlock = { _, _ in SQLITE_OK }
        table.pointee.xCheckReservedLock = { _, result in
            result?.pointee = 0
            return SQLITE_OK
        }
        table.pointee.xFileControl = { _, _, _ in SQLITE_NOTFOUND }
        table.pointee.xSectorSize = { _ in 4096 }
        // As os_unix.c says of every disk: a torn write harms no bytes but its own.
        table.pointee.xDeviceCharacteristics = { _ in SQLITE_IOCAP_POWERSAFE_OVERWRITE }
        addSharedMemory(to: table)
        return UnsafePointer(table)
    }()

    /// The index of the WAL is memory that connections share; the first one after a start makes it anew.
    private static func addSharedMemory(to table: UnsafeMutablePointer<sqlite3_io_methods>) {
        table.pointee.xShmMap = { handle, region, size, extends, result in
            result?.pointee = nil
            return SimulatedFile.attempt(handle, sqliteSharedMemory) { (file) throws(FileError) in
                // A call of its own: it can fail.
                _ = try file.store.size(of: file.name + "-shm")
                while extends != 0, file.sharedMemory.count <= Int(region) {
                    let memory = UnsafeMutableRawPointer.allocate(byteCount: Int(size), alignment: 8)
                    memset(memory, 0, Int(size))
                    file.sharedMemory.append(memory)
                }
                if file.sharedMemory.indices.contains(Int(region)) {
                    result?.pointee = UnsafeMutableRawPointer(file.sharedMemory[Int(region)])
                }
                return SQLITE_OK
            }
        }
        table.pointee.xShmLock = { handle, _, _, _ in SimulatedFile.attempt(handle, sqliteLock) { _ in SQLITE_OK } }
        table.pointee.xShmBarrier = { _ in }
        table.pointee.xShmUnmap = { handle, _ in
            guard let file = SimulatedFile.of(handle) else { return SQLITE_OK }
            for region in file.sharedMemory { region.deallocate() }
            file.sharedMemory.removeAll()
            return SQLITE_OK
        }
    }

    private func discard() throws(FileError) -> Int32 {
        try store.remove(name)
        return SQLITE_OK
    }
}

// Swift does not see SQLite's extended codes, which are computed by macros.
private func extended(_ number: Int32) -> Int32 { SQLITE_IOERR | number << 8 }

private let sqliteRead = extended(1)
private let sqliteShortRead = extended(2)
private let sqliteWrite = extended(3)
private let sqliteSync = extended(4)
private let sqliteDirectorySync = extended(5)
private let sqliteTruncate = extended(6)
private let sqliteStatus = extended(7)
private let sqliteDelete = extended(10)
private let sqliteAccess = extended(13)
private let sqliteLock = extended(15)
private let sqliteSharedMemory = extended(21)
private let sqliteDeleteNoEntry = extended(23)
