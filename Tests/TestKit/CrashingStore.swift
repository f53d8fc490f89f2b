import Base
public import FileStore

/// A disk in memory that forgets, on ``cutPower()``, a random part of whatever was not synced: of each write, some sectors
/// of 512 bytes arrive, some do not, one may arrive half; of the names made or removed in a folder, the first few.
///
/// Everything is decided by the seed. Without faults and cuts it is a plain store, quick and gone with the test.
public final class CrashingStore: FileStore {
    private let disk: Guarded<Disk>

    public init(seed: UInt64 = 0) {
        disk = Guarded(Disk(random: Seeded(seed: seed)))
    }

    /// Cuts the power and starts again: only synced bytes and names are certain to be there.
    public func cutPower() {
        disk.withLock { $0.cutPower() }
    }

    /// The chance, in percent, that a call fails with an I/O error. Cutting the power sets it back to 0.
    public func setFailurePercent(_ percent: Int) {
        disk.withLock { $0.failurePercent = percent }
    }

    /// From now on syncing a file does nothing and says that it did: the bug of a disk, to see whether tests find it.
    public func setLying() {
        disk.withLock { $0.lies = true }
    }

    /// Makes the next call of that kind fail with this error number.
    public func failNext(_ operation: FileError.Operation, code: Int32) {
        disk.withLock { $0.nextFailure = (operation, code) }
    }

    /// From now on there is no room: on the disk (ENOSPC, 28) or in the table of open files (EMFILE, 24); nil = there is some.
    public func setWant(_ code: Int32?) {
        disk.withLock { $0.want = code }
    }

    /// Makes every call after the next `calls` ones fail, until the power is cut: a process that dies there.
    public func failAfter(calls: Int) {
        disk.withLock { $0.callsLeft = calls }
    }

    /// Lets so many more calls that change something succeed, then none until ``cutPower()``: a crash at that very call.
    public func dieAfter(changes: Int) {
        disk.withLock { $0.changesLeft = changes }
    }

    /// Whether ``dieAfter(changes:)`` has struck.
    public var isDead: Bool {
        disk.withLock { $0.isDead }
    }

    /// Lets a fault befall the call with that number, counted from 1 from the store's beginning through all its lives.
    public func inject(_ fault: DiskFault, atCall call: Int) {
        disk.withLock { $0.injected[call] = fault }
    }

    /// Takes back the faults that have not struck yet.
    public func spare() {
        disk.withLock { $0.injected.removeAll() }
    }

    /// How many of the injected faults have struck.
    public var strikes: Int {
        disk.withLock { $0.strikes }
    }

    /// The process starts again, on the same machine: whatever was written is there, synced or not.
    public func restart() {
        disk.withLock { $0.restart() }
    }

    /// How often the process has been started again: what belongs to an earlier life has no say any more.
    public var life: Int {
        disk.withLock { $0.life }
    }

    /// Every call so far.
    public var calls: [DiskCall] {
        disk.withLock { $0.calls }
    }

    /// How many calls of that kind have succeeded.
    public func calls(of operation: FileError.Operation) -> Int {
        disk.withLock { $0.successes[operation] ?? 0 }
    }

    /// The names of all files, sorted.
    public var allFiles: [String] { disk.withLock { $0.names.keys.sorted() } }

    /// The bytes of a file as they are now; empty if there is none.
    public func bytes(of file: String) -> [UInt8] {
        disk.withLock { $0.names[file]?.bytes ?? [] }
    }

    /// Replaces a file's bytes, durably: rot, or the work of another program.
    public func set(_ bytes: [UInt8], for file: String) {
        disk.withLock { $0.set(bytes, for: file) }
    }

    /// Another store with the same files, all durable.
    public func copy(seed: UInt64 = 0) -> CrashingStore {
        let other = CrashingStore(seed: seed)
        let files: [String: [UInt8]] = disk.withLock { disk in disk.names.mapValues { $0.bytes } }
        for (name, bytes) in files { other.set(bytes, for: name) }
        return other
    }

    // MARK: - FileStore

    public func createDirectory(_ directory: String) throws(FileError) {
        try perform(.createDirectory, directory) { _ in }
    }

    public func list(_ directory: String) throws(FileError) -> [String] {
        let prefix = directory.isEmpty ? "" : directory + "/"
        return try perform(.list, directory) { disk in
            disk.names.keys.filter { directoryName(of: $0) == directory }.map { String($0.dropFirst(prefix.count)) }
                .sorted()
        }
    }

    public func size(of file: String) throws(FileError) -> Int? {
        try perform(.open, file) { $0.names[file]?.bytes.count }
    }

    public func read(
        _ file: String,
        at position: Int,
        into target: UnsafeMutableRawBufferPointer
    ) throws(FileError) -> Int {
        // The bytes leave the lock as an array: the target's memory is the caller's.
        let found: [UInt8]? = try perform(.read, file) { disk in
            guard let bytes = disk.names[file]?.bytes else { return nil }
            return Array(bytes.dropFirst(position).prefix(target.count))
        }
        guard let found else { throw FileError(.open, file, code: 2) }
        found.withUnsafeBytes { target.copyMemory(from: $0) }
        return found.count
    }

    public func write(_ bytes: UnsafeRawBufferPointer, to file: String, at position: Int) throws(FileError) {
        let bytes = Array(bytes)
        do throws(FileError) {
            try perform(.write, file) { $0.write(bytes, to: file, at: position) }
        } catch {
            disk.withLock { disk in if disk.leavesPart { disk.writePart(bytes, to: file, at: position) } }
            throw error
        }
    }

    public func fill(_ file: String, at position: Int, count: Int) throws(FileError) {
        try write([UInt8](repeating: 0, count: count), to: file, at: position)
    }

    public func sync(_ file: String) throws(FileError) {
        try perform(.sync, file) { disk in if !disk.lies { disk.names[file]?.sync() } }
    }

    public func syncDirectory(_ directory: String) throws(FileError) {
        try perform(.sync, directory) { disk in
            let changes = disk.pendingNames.filter { directoryName(of: $0.name) == directory }
            disk.pendingNames.removeAll { directoryName(of: $0.name) == directory }
            for change in changes { disk.durableNames[change.name] = change.file }
        }
    }

    public func truncate(_ file: String, to size: Int) throws(FileError) {
        try perform(.truncate, file) { disk in disk.file(file).truncate(to: size) }
    }

    public func rename(_ source: String, to target: String) throws(FileError) {
        let isThere = try perform(.rename, source) { disk in
            guard let file = disk.names[source] else { return false }
            disk.bind(target, file)
            disk.bind(source, nil)
            return true
        }
        guard isThere else { throw FileError(.rename, source, code: 2) }
    }

    public func remove(_ file: String) throws(FileError) {
        try perform(.remove, file) { disk in
            if disk.names[file] != nil { disk.bind(file, nil) }
        }
    }

    private func perform<Result: Sendable>(
        _ operation: FileError.Operation,
        _ file: String,
        _ body: (inout Disk) -> Result
    ) throws(FileError) -> Result {
        let outcome: Swift.Result<Result, FileError> = disk.withLock { disk in
            if let code = disk.failure(of: operation, file) {
                // Without a descriptor nothing is tried.
                return .failure(FileError(code == 24 ? .open : operation, file, code: code))
            }
            disk.successes[operation, default: 0] += 1
            return .success(body(&disk))
        }
        return try outcome.get()
    }
}
