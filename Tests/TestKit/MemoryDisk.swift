import Base
public import FileStore

/// What can befall one call of a ``CrashingStore``.
public enum DiskFault: String, CaseIterable, Sendable {
    /// EIO, once; nothing of the call happens.
    case refused
    /// EIO, once; a part of what was to be written arrives.
    case shortWrite
    /// ENOSPC, until the process starts again; a part of what was to be written arrives.
    case full
    /// ENOSPC, for this call and some more behind it; a part of what was to be written arrives.
    case fullForAWhile
    /// EIO, once; what was to be synced counts as written from now on, can be read, and is not on the disk. Linux does so.
    case lostSync
    /// The process dies; a part of what was to be written arrives.
    case crash

    /// Whether there is such a fault of that operation, and it is another one than that of the call before or behind.
    public func befalls(_ operation: FileError.Operation) -> Bool {
        switch self {
        case .refused: true
        case .shortWrite: operation == .write
        case .full, .fullForAWhile: [.write, .createDirectory].contains(operation)
        case .lostSync: operation == .sync
        case .crash: ![.read, .open, .list].contains(operation)
        }
    }
}

/// One call of a ``CrashingStore``.
public struct DiskCall: Sendable {
    public let operation: FileError.Operation
    public let file: String
}

/// Files in memory, what of them is durable, and what is wrong with the disk.
struct Disk {
    var random: Seeded
    var names: [String: MemoryFile] = [:]
    var durableNames: [String: MemoryFile] = [:]
    var pendingNames: [(name: String, file: MemoryFile?)] = []
    var failurePercent = 0
    var lies = false
    var nextFailure: (operation: FileError.Operation, code: Int32)?
    var successes: [FileError.Operation: Int] = [:]
    var callsLeft: Int?
    var changesLeft: Int?
    var isDead = false
    var injected: [Int: DiskFault] = [:]
    var strikes = 0
    var calls: [DiskCall] = []
    var life = 0
    var isDown = false
    /// How many more calls find the disk full.
    var fullCalls = 0
    /// The error number of calls that find no room, ENOSPC or EMFILE.
    var want: Int32?
    /// Whether some of a write that has just failed arrives.
    var leavesPart = false

    init(random: Seeded) {
        self.random = random
    }

    /// The error number of the next call; nil if it succeeds.
    mutating func failure(of operation: FileError.Operation, _ file: String) -> Int32? {
        leavesPart = false
        guard !isDown else { return 5 }
        calls.append(DiskCall(operation: operation, file: file))
        if let fault = injected[calls.count] { return strike(fault, file) }
        leavesPart = true
        if fullCalls > 0 {
            fullCalls -= 1
            if DiskFault.full.befalls(operation) { return 28 }
        }
        if let want {
            leavesPart = want == 28
            if want != 28 || DiskFault.full.befalls(operation) { return want }
        }
        if let left = callsLeft {
            guard left > 0 else { return 5 }
            callsLeft = left - 1
        }
        if let next = nextFailure, next.operation == operation {
            nextFailure = nil
            return next.code
        }
        if let left = changesLeft, operation != .open, operation != .read, operation != .list {
            isDead = isDead || left == 0
            if isDead { return 5 }
            changesLeft = left - 1
        }
        guard failurePercent > 0, random.below(100) < failurePercent else { return nil }
        return random.below(2) == 0 ? 5 : 28
    }

    private mutating func strike(_ fault: DiskFault, _ file: String) -> Int32 {
        strikes += 1
        leavesPart = fault != .refused
        switch fault {
        case .refused, .shortWrite: return 5
        case .full: want = 28
        case .fullForAWhile: fullCalls = Self.awhile
        case .lostSync: names[file]?.loseSync(&random)
        case .crash: isDown = true
        }
        return fault == .full || fault == .fullForAWhile ? 28 : 5
    }

    private static let awhile = 6

    mutating func restart() {
        failurePercent = 0
        callsLeft = nil
        nextFailure = nil
        changesLeft = nil
        isDead = false
        isDown = false
        fullCalls = 0
        want = nil
        life += 1
    }

    /// The file of that name, made if it is missing.
    mutating func file(_ name: String) -> MemoryFile {
        if let file = names[name] { return file }
        let file = MemoryFile()
        bind(name, file)
        return file
    }

    mutating func bind(_ name: String, _ file: MemoryFile?) {
        names[name] = file
        pendingNames.append((name, file))
    }

    mutating func write(_ bytes: [UInt8], to name: String, at position: Int) {
        file(name).write(bytes, at: position)
    }

    mutating func writePart(_ bytes: [UInt8], to name: String, at position: Int) {
        write(Array(bytes.prefix(random.below(bytes.count + 1))), to: name, at: position)
    }

    mutating func set(_ bytes: [UInt8], for name: String) {
        let file = MemoryFile()
        file.bytes = bytes
        names[name] = file
        durableNames[name] = file
        pendingNames.removeAll { $0.name == name }
    }

    mutating func cutPower() {
        restart()
        let kept = random.below(pendingNames.count + 1)
        for change in pendingNames.prefix(kept) { durableNames[change.name] = change.file }
        pendingNames.removeAll()
        names = durableNames
        for name in names.keys.sorted() { names[name]?.cutPower(&random) }
    }
}

/// One file: its bytes now, and how to undo each change that was not synced.
final class MemoryFile {
    var bytes: [UInt8] = []
    private var pending: [Change] = []
    /// Whether a sync has lost something: then what is durable is not what the bytes were before the first pending change.
    private var hasLost = false

    enum Change {
        case write(position: Int, bytes: [UInt8])
        case truncate(size: Int)
    }

    private var durable: [UInt8] = []

    func write(_ new: [UInt8], at position: Int) {
        remember(.write(position: position, bytes: new))
        MemoryFile.apply(new, at: position, to: &bytes)
    }

    func truncate(to size: Int) {
        remember(.truncate(size: size))
        MemoryFile.resize(&bytes, size)
    }

    /// The durable bytes are what the bytes were before the first change that is not synced.
    private func remember(_ change: Change) {
        if pending.isEmpty, !hasLost { durable = bytes }
        pending.append(change)
    }

    func sync() {
        if hasLost {
            for change in pending {
                switch change {
                case .truncate(let size): MemoryFile.resize(&durable, size)
                case .write(let position, let bytes): MemoryFile.apply(bytes, at: position, to: &durable)
                }
            }
        }
        pending.removeAll()
    }

    /// Some of what is pending arrives, the rest never will; both can be read until the power is cut.
    func loseSync(_ random: inout Seeded) {
        guard !pending.isEmpty else { return }
        durable = torn(&random)
        pending.removeAll()
        hasLost = true
    }

    func cutPower(_ random: inout Seeded) {
        guard !pending.isEmpty || hasLost else { return }
        bytes = torn(&random)
        pending.removeAll()
        hasLost = false
    }

    /// What is durable, with some of what is pending.
    private func torn(_ random: inout Seeded) -> [UInt8] {
        var result = durable
        for change in pending {
            switch change {
            case .truncate(let size): if random.below(2) == 0 { MemoryFile.resize(&result, size) }
            case .write(let position, let bytes): MemoryFile.tear(bytes, at: position, into: &result, &random)
            }
        }
        return result
    }

    /// Applies some sectors of a write, and perhaps the first part of one more.
    private static func tear(_ new: [UInt8], at position: Int, into bytes: inout [UInt8], _ random: inout Seeded) {
        let chance = random.below(4)  // 0: nothing arrives; 3: everything; between: sector by sector.
        var start = 0
        while start < new.count, chance > 0 {
            let end = min(new.count, (position + start) / 512 * 512 + 512 - position)
            if chance == 3 || random.below(2) == 0 {
                let isTorn = chance != 3 && random.below(8) == 0
                let stop = isTorn ? start + random.below(end - start) : end
                apply(Array(new[start..<stop]), at: position + start, to: &bytes)
            }
            start = end
        }
    }

    private static func apply(_ new: [UInt8], at position: Int, to bytes: inout [UInt8]) {
        guard !new.isEmpty else { return }
        if bytes.count < position + new.count { resize(&bytes, position + new.count) }
        bytes.replaceSubrange(position..<position + new.count, with: new)
    }

    private static func resize(_ bytes: inout [UInt8], _ size: Int) {
        if size < bytes.count {
            bytes.removeLast(bytes.count - size)
        } else {
            bytes.append(contentsOf: repeatElement(0, count: size - bytes.count))
        }
    }
}
