import Base
import FileStore
import State
import StateStore
import TestKit
import Testing

/// What a reader meets when a writer works beside it: names in a folder's list whose files are gone.
private final class LateReader: FileStore {
    private let disk: CrashingStore
    private let gone: [String]
    private let hasListed = Guarded(false)

    init(_ disk: CrashingStore, gone: [String]) {
        self.disk = disk
        self.gone = gone
    }

    /// The first list is one of before.
    func list(_ directory: String) throws(FileError) -> [String] {
        let isFirst = hasListed.withLock { listed in
            defer { listed = true }
            return !listed
        }
        let names = try disk.list(directory)
        return isFirst ? (names + gone).sorted() : names
    }

    func createDirectory(_ directory: String) throws(FileError) { try disk.createDirectory(directory) }
    func size(of file: String) throws(FileError) -> Int? { try disk.size(of: file) }
    func read(
        _ file: String,
        at position: Int,
        into target: UnsafeMutableRawBufferPointer
    ) throws(FileError) -> Int { try disk.read(file, at: position, into: target) }
    func write(_ bytes: UnsafeRawBufferPointer, to file: String, at position: Int) throws(FileError) {
        try disk.write(bytes, to: file, at: position)
    }
    func fill(_ file: String, at position: Int, count: Int) throws(FileError) {
        try disk.fill(file, at: position, count: count)
    }
    func sync(_ file: String) throws(FileError) { try disk.sync(file) }
    func syncDirectory(_ directory: String) throws(FileError) { try disk.syncDirectory(directory) }
    func truncate(_ file: String, to size: Int) throws(FileError) { try disk.truncate(file, to: size) }
    func rename(_ source: String, to target: String) throws(FileError) { try disk.rename(source, to: target) }
    func remove(_ file: String) throws(FileError) { try disk.remove(file) }
}

@Suite struct VanishingTests {
    private let disk = CrashingStore()

    /// Three checkpoints are made, so that the first is gone.
    private func store(offsets: [Int64]) throws {
        let store = CheckpointStore(directory: "state/t", fingerprint: "f", store: disk)
        for offset in offsets {
            let image = StateImage(
                offset: offset,
                clock: 0,
                tables: [StateTable(3): StateTableForm(StateTableName("t"), horizon: nil)]
            )
            [UInt8(1)].withUnsafeBytes { image.add(StateTable(3), Text("k\(offset)"), time: 0, value: $0) }
            try store.install(image)
        }
    }

    /// A checkpoint that a writer has taken away is neither damaged nor missed.
    @Test func whatAWriterTakesAwayIsNoDamage() throws {
        try store(offsets: [10, 20, 30])
        func reader() -> CheckpointStore {
            let late = LateReader(disk, gone: ["checkpoint-00000001"])
            return CheckpointStore(directory: "state/t", fingerprint: "f", store: late)
        }
        #expect(try reader().summaries().map(\.fault) == [nil, nil])
        let (none, notes) = try reader().restore(upTo: 15)
        #expect(none == nil && notes.isEmpty)
        let found = try reader().restore(at: 5...25, oldestFirst: true)
        #expect(found.restored?.offset == 20 && found.notes.isEmpty)
    }

    /// The oldest or the newest of a range.
    @Test func aRangeIsSearchedFromEitherEnd() throws {
        try store(offsets: [10, 20, 30])
        let store = CheckpointStore(directory: "state/t", fingerprint: "f", store: disk)
        #expect(try store.restore(at: 0...100, oldestFirst: true).restored?.offset == 20)
        #expect(try store.restore(at: 0...100).restored?.offset == 30)
        #expect(try store.restore(at: 21...29).restored == nil)
    }
}
