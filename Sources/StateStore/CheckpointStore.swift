public import Base
public import FileStore
public import State
import Synchronization

/// The checkpoints of one partition's state, in one folder.
///
/// A checkpoint costs what has changed since the last one: it adds a sorted run of the changed keys, and merges runs as
/// they pile up, each key O(log n) times in all (O'Neil et al. 1996, the log-structured merge tree). The two newest
/// checkpoints are kept, with the runs that they name. Nothing is ever written in place: a power cut at any moment
/// leaves the older ones whole.
///
/// Images are installed by one thread; ``find(_:_:into:)`` may be called by another at the same time.
public final class CheckpointStore: Sendable {
    /// What a checkpoint in the folder is, for a person.
    public struct Summary: Sendable, Equatable {
        public var sequence: Int
        public var offset: Int64
        /// Event time, microseconds.
        public var clock: Int64?
        public var records: Int
        public var bytes: Int
        /// Why it cannot be used; nil if it can.
        public var fault: String?
    }

    /// How many checkpoints are kept.
    public static let keptCount = 2

    public let directory: String
    private let store: any FileStore
    private let fingerprint: StateFingerprint?
    private let filterBytes: Int
    private let current = Mutex(Current())

    private struct Current {
        /// The newest first.
        var runs: [StateRun] = []
        /// Of the runs; nil if they were written without.
        var tables: [StateTable: StateTableName]? = [:]
        var sequence = 0
        /// Those that have been found to be damaged.
        var damaged: Set<Int> = []
    }

    /// - Parameters:
    ///   - directory: The folder, made by the first checkpoint.
    ///   - fingerprint: What the state is computed with; nil to look at any.
    ///   - store: Where the folder is.
    ///   - filterBytes: Bytes of memory that may help to look up keys; without them each look-up reads the disk.
    public init(directory: String, fingerprint: StateFingerprint?, store: any FileStore, filterBytes: Int = 0) {
        self.directory = directory
        self.fingerprint = fingerprint
        self.store = store
        self.filterBytes = filterBytes
    }

    /// Bytes of memory that help to look up keys. Each run is at least twice as large as the one before it, so runs
    /// whose filters take half of what is allowed at most take no more than that together.
    public var heldBytes: Int { current.withLock { $0.runs.reduce(0) { $0 + $1.heldBytes } } }

    // MARK: - Reading

    /// Finds the newest whole checkpoint at or before an offset, and checks every byte of it. Damaged ones are passed
    /// over, each with a note.
    public func restore(upTo limit: Int64) throws(FileError) -> (restored: RestoredState?, notes: [String]) {
        try restore(at: .min...limit)
    }

    /// Finds the newest whole checkpoint, or the oldest, at an offset of a range, and checks every byte of it. Damaged
    /// ones are passed over, each with a note. A writer may put new ones in their place meanwhile.
    public func restore(
        at offsets: ClosedRange<Int64>,
        oldestFirst: Bool = false
    ) throws(FileError) -> (restored: RestoredState?, notes: [String]) {
        while true {
            let sequences = try self.sequences()
            current.withLock { $0.sequence = max($0.sequence, sequences.last ?? 0) }
            var notes: [String] = []
            for sequence in oldestFirst ? sequences : sequences.reversed() {
                if let restored = try restore(sequence, at: offsets, &notes) { return (restored, notes) }
            }
            // What has been taken away was replaced by newer ones.
            guard try self.sequences() != sequences else { return (nil, notes) }
        }
    }

    private func restore(
        _ sequence: Int,
        at offsets: ClosedRange<Int64>,
        _ notes: inout [String]
    ) throws(FileError) -> RestoredState? {
        let path = Checkpoint.path(directory, sequence)
        guard let found = try checkpoint(sequence) else { return nil }
        guard case .whole(let checkpoint) = found else {
            notes.append("the checkpoint \(path) is damaged: an older one is used")
            current.withLock { _ = $0.damaged.insert(sequence) }
            return nil
        }
        guard fingerprint?.fits(checkpoint.fingerprint) ?? true, offsets.contains(checkpoint.offset) else {
            return nil
        }
        do throws(StateError) {
            var runs: [StateRun] = []
            for name in checkpoint.runs {
                let run = try open(name)
                let cursor = run.cursor()
                while try cursor.next({ _ in true }) != nil {}
                runs.append(run)
            }
            let sound = runs
            current.withLock { ($0.runs, $0.tables) = (sound, checkpoint.tables) }
            return RestoredState(
                offset: checkpoint.offset,
                clock: checkpoint.clock,
                sections: checkpoint.sections,
                tables: checkpoint.tables
            )
        } catch {
            if case .file(let error) = error, error.code != 2 { throw error }
            // A checkpoint goes before the runs that only it names.
            guard try store.size(of: path) != nil else { return nil }
            notes.append("the checkpoint \(path) is damaged (\(error.words)): an older one is used")
            current.withLock { _ = $0.damaged.insert(sequence) }
            return nil
        }
    }

    /// Calls the body with every record of the checkpoint that was restored: newer versions of a key before older ones,
    /// so the first one counts. Stops when the body returns false.
    public func visit(_ body: (StateRecord) -> Bool) throws(StateError) {
        for run in current.withLock({ $0.runs }) {
            let cursor = run.cursor()
            while let goesOn = try cursor.next(body) {
                guard goesOn else { return }
            }
        }
    }

    /// The newest value of a key in the last checkpoint, and its time; nil if there is none.
    ///
    /// - Complexity: One filter look-up per run, from memory or with a read of 64 bytes, and two small reads where the
    ///   key is.
    public func find(_ table: StateTable, _ key: Text, into buffer: inout [UInt8]) throws(StateError) -> Int64? {
        // Under the lock, so that no merge takes a file away while it is read.
        var found: [UInt8] = []
        let result: Result<Int64?, StateError> = current.withLock { current in
            do throws(StateError) {
                for run in current.runs {
                    if let time = try run.find(table, key, into: &found) { return .success(time) }
                }
                return .success(nil)
            } catch {
                return .failure(error)
            }
        }
        let time = try result.get()
        if time != nil { buffer = found }
        return time
    }

    /// What is in the folder, the newest first, all of it read and checked.
    public func summaries() throws(FileError) -> [Summary] {
        var found: [Summary] = []
        for sequence in try sequences().reversed() {
            let path = Checkpoint.path(directory, sequence)
            // One that a writer has taken away meanwhile is none.
            guard let file = try checkpoint(sequence) else { continue }
            guard case .whole(let checkpoint) = file else {
                found.append(
                    Summary(
                        sequence: sequence,
                        offset: -1,
                        records: 0,
                        bytes: 0,
                        fault: "the checkpoint \(path) is damaged"
                    )
                )
                continue
            }
            var summary = Summary(
                sequence: sequence,
                offset: checkpoint.offset,
                clock: checkpoint.clock,
                records: checkpoint.runs.reduce(0) { $0 + $1.records },
                bytes: checkpoint.runs.reduce(0) { $0 + $1.byteCount }
            )
            do throws(StateError) {
                for name in checkpoint.runs {
                    let cursor = try open(name).cursor()
                    while try cursor.next({ _ in true }) != nil {}
                }
            } catch {
                guard try store.size(of: path) != nil else { continue }
                summary.fault = "the checkpoint \(path) is damaged: \(error.words)"
            }
            found.append(summary)
        }
        return found
    }

    /// Whether there is any checkpoint in the folders of a folder: what is before it has been committed.
    public static func hasAny(in folder: String, store: any FileStore) throws(FileError) -> Bool {
        func names(_ folder: String) throws(FileError) -> [String] {
            do throws(FileError) { return try store.list(folder) } catch {
                guard error.isMisfit else { throw error }
                return []
            }
        }
        for name in try names(folder) {
            if try names(folder + "/" + name).contains(where: { Checkpoint.sequence(of: $0) != nil }) { return true }
        }
        return false
    }

    private enum Found {
        case whole(Checkpoint)
        /// Or something else has its name.
        case damaged
    }

    /// A checkpoint's file; nil if a writer has taken it away.
    private func checkpoint(_ sequence: Int) throws(FileError) -> Found? {
        do throws(FileError) {
            let bytes = try store.contents(of: Checkpoint.path(directory, sequence), max: Checkpoint.bytesMax)
            return bytes.map { Checkpoint($0).map { .whole($0) } ?? .damaged }
        } catch {
            if error.isMisfit { return .damaged }
            guard error.code == 2 else { throw error }
            return nil
        }
    }

    private func sequences() throws(FileError) -> [Int] {
        try store.list(directory).compactMap { Checkpoint.sequence(of: $0) }.sorted()
    }

    // MARK: - Writing

    /// Makes a checkpoint of what the last one held and the image changes. Durable on return.
    ///
    /// A failure leaves the last checkpoint as it was; the image's changes must then be part of the next image.
    public func install(_ image: StateImage) throws(StateError) {
        do throws(FileError) {
            try store.createDirectory(directory)
        } catch {
            throw .file(error)
        }
        let (held, known, before) = current.withLock { ($0.runs, $0.sequence, $0.tables) }
        // A recovery that used none has not looked.
        let last = max(known, try files { () throws(FileError) in try sequences() }.last ?? 0)
        let sequence = last + 1
        var runs = held
        var tables = try tables(of: image, behind: before ?? [:])
        var next = sequence
        if image.count > 0 {
            runs.insert(try open(try write(image, sequence: next)), at: 0)
            next += 1
        }
        if let first = Self.mergeCount(runs.map(\.name.byteCount)) {
            let merged = Array(runs[..<first])
            let isAll = first == runs.count
            let name = try StateMerge.merge(merged, directory: directory, sequence: next, store: store) { record in
                isAll && image.isDead(record)
            }
            runs.replaceSubrange(..<first, with: [try open(name)])
            // Nothing of theirs is left.
            if isAll { tables = tables.filter { !$0.value.isGone } }
            next += 1
        }
        precondition(next >= sequence && sequence > last, "A checkpoint's name is new.")
        let checkpoint = Checkpoint(
            sequence: next,
            offset: image.offset,
            clock: image.clock,
            fingerprint: fingerprint?.text ?? "",
            sections: image.sections,
            tables: tables,
            runs: runs.map(\.name)
        )
        do throws(FileError) {
            try store.syncDirectory(directory)
            try store.replace(Checkpoint.path(directory, next), with: checkpoint.encoded())
        } catch {
            throw .file(error)
        }
        let installed = (runs, tables, next)
        current.withLock {
            ($0.runs, $0.tables, $0.sequence) = installed
        }
        try prune()
    }

    /// The tables of a checkpoint that adds an image to what the last one holds.
    private func tables(
        of image: StateImage,
        behind last: [StateTable: StateTableName]
    ) throws(StateError) -> [StateTable: StateTableName] {
        var tables = image.tables.mapValues(\.name)
        for (table, known) in last {
            guard tables[table] ?? known == known else {
                throw .damaged(file: directory, words: "it knows the table \(table.number) by another name")
            }
            if tables[table] == nil { tables[table] = .gone }
        }
        return tables
    }

    /// The numbers of all tables that the last checkpoint knows, of those that are gone, too.
    public var tables: Set<StateTable> { current.withLock { Set(($0.tables ?? [:]).keys) } }

    /// Knows tables by other names from now on: their owner has found that what is in them is something else, too.
    public func rename(_ names: [StateTable: StateTableName]) {
        current.withLock { current in
            for (table, name) in names where current.tables?[table] != nil { current.tables?[table] = name }
        }
    }

    /// The next checkpoint holds an image alone: what the last one holds is not part of the state.
    public func beginAnew() {
        current.withLock { ($0.runs, $0.tables) = ([], [:]) }
    }

    /// Removes all checkpoints: what they were made from is no longer what the log holds.
    public func removeAll() throws(FileError) {
        for name in try store.list(directory) { try store.remove(directory + "/" + name) }
        beginAnew()
    }

    private func write(_ image: StateImage, sequence: Int) throws(StateError) -> StateRun.Name {
        do throws(FileError) {
            var writer = try StateRunWriter(directory: directory, sequence: sequence, store: store)
            try image.visitSorted { (record) throws(FileError) in try writer.add(record) }
            return try writer.finish()
        } catch {
            throw .file(error)
        }
    }

    private func open(_ name: StateRun.Name) throws(StateError) -> StateRun {
        try StateRun(name, directory: directory, store: store, filterBytes: filterBytes / 2)
    }

    /// How many of the newest runs to merge: as many as it takes for each run to be at least twice as large as the one
    /// before it. Nil if they are so already.
    static func mergeCount(_ sizes: [Int]) -> Int? {
        var total = 0
        var count: Int?
        for (index, size) in sizes.enumerated() {
            if index > 0, size < total * 2 { count = index + 1 }
            total += size
        }
        return count
    }

    /// Removes the checkpoints but the newest, those that were found to be damaged, and the runs that none of the
    /// others names.
    private func prune() throws(StateError) {
        let damaged = current.withLock { $0.damaged }
        do throws(FileError) {
            let sequences = try sequences()
            let whole = sequences.filter { !damaged.contains($0) }.suffix(Self.keptCount)
            var named: Set<String> = []
            for sequence in whole {
                // Of a damaged one nothing is known: then nothing is removed on its account.
                guard case .whole(let checkpoint) = try checkpoint(sequence) else { continue }
                for run in checkpoint.runs { named.insert(StateRun.path(directory, run.sequence)) }
            }
            for sequence in sequences where !whole.contains(sequence) {
                try store.remove(Checkpoint.path(directory, sequence))
            }
            // The checkpoints go first: a run is removed only when no name of it is left after a power cut.
            try store.syncDirectory(directory)
            let kept = named
            for name in try store.list(directory) where name.hasSuffix(".state") || name.hasSuffix(".new") {
                let path = directory + "/" + name
                if !kept.contains(path) { try current.withLock { _ in removing(path) }.get() }
            }
        } catch {
            throw .file(error)
        }
    }

    private func removing(_ path: String) -> Result<Void, FileError> {
        do throws(FileError) { return .success(try store.remove(path)) } catch { return .failure(error) }
    }
}
