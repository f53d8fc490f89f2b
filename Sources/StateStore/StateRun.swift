import Base
import Bytes
import FileStore
import State

/// A sorted file of state records, written once and never changed.
///
/// | part | content, little-endian |
/// |---|---|
/// | magic | `PASTATE2` |
/// | groups | of about 256 KiB, each: its blocks, its index, its filter |
/// | block | u32 bytes, u32 CRC-32C, records of about 4 KiB |
/// | index | for each block of the group: the first record's table and key, u64 position; CRC-32C behind it |
/// | filter | lines of a ``BloomFilter`` over table and key of the group's records |
/// | list of groups | see ``StateGroup``; CRC-32C behind it |
/// | footer | u64 × 3: position and bytes of the list, records; u32 CRC-32C; u32 0; magic |
///
/// So that memory does not follow the number of keys, only the list is held while a run is open, 56 bytes a group, and
/// the filter if its owner has room for it. Otherwise a look-up reads 64 bytes of it.
final class StateRun: @unchecked Sendable {
    // Nothing changes after the initializer.
    struct Name: Equatable {
        var sequence: Int
        var byteCount: Int
        var records: Int
        /// CRC-32C of the footer: ties a checkpoint to this very file.
        var checksum: UInt32
    }

    static let magic: [UInt8] = Array("PASTATE2".utf8)
    private static let firstMagic: [UInt8] = Array("PASTATE1".utf8)
    static let blockBytes = 4 << 10
    static let groupBytes = 256 << 10
    static let footerBytes = 8 * 3 + 4 + 4 + 8
    /// A block holds at least one record, whose value may be large.
    static let blockLimit = 256 << 20

    let name: Name
    let path: String
    private let store: any FileStore
    private let groups: [StateGroup]
    /// The lines of all groups' filters; empty if they stay on disk.
    private var filter: [UInt8] = []

    static func path(_ directory: String, _ sequence: Int) -> String {
        let digits = String(sequence)
        return "\(directory)/run-\(String(repeating: "0", count: max(0, 8 - digits.count)))\(digits).state"
    }

    /// Opens a run: reads and checks everything but its blocks.
    ///
    /// - Parameters:
    ///   - name: Which one.
    ///   - directory: The folder it is in.
    ///   - store: Where the folder is.
    ///   - filterBytes: Up to which size the filter is held in memory.
    /// - Throws: ``StateError``
    init(_ name: Name, directory: String, store: any FileStore, filterBytes: Int = 0) throws(StateError) {
        self.name = name
        self.store = store
        path = Self.path(directory, name.sequence)
        let path = path
        func damaged(_ words: String) -> StateError { .damaged(file: path, words: words) }
        // Once and for all: what is read from here on lies in front of the footer.
        let size = try files { () throws(FileError) in try store.size(of: path) ?? 0 }
        guard name.byteCount >= Self.magic.count + Self.footerBytes, name.byteCount <= size else {
            throw damaged("it is too short")
        }
        let footer = try Self.read(path, name.byteCount - Self.footerBytes, Self.footerBytes, store)
        let fields = footer.withUnsafeBytes { bytes in
            (0..<3).map { Int(truncatingIfNeeded: bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self)) }
        }
        let claimed = footer.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 24, as: UInt32.self) }
        guard Array(footer[32...]) != Self.firstMagic else {
            throw damaged("an earlier version of the program wrote it, in another form")
        }
        guard Checksum.crc32c(Array(footer[..<24])) == claimed, Array(footer[32...]) == Self.magic,
            claimed == name.checksum
        else { throw damaged("its footer is not what was written") }
        let (position, count) = (fields[0], fields[1])
        guard position >= Self.magic.count, count >= 4, position <= name.byteCount,
            count == name.byteCount - Self.footerBytes - position
        else { throw damaged("its parts do not fit its size") }
        guard let groups = StateGroup.list(try Self.readChecked(path, position, count, store), end: position) else {
            throw damaged("its list of groups cannot be")
        }
        self.groups = groups
        let lineBytes = groups.reduce(0) { $0 + $1.filterBytes }
        let isHeld = lineBytes <= filterBytes
        if isHeld { filter.reserveCapacity(lineBytes) }
        for group in groups {
            _ = try places(of: group)
            let lines = try Self.read(path, group.filterPosition, group.filterBytes, store)
            let isWhole = lines.withUnsafeBytes { bytes in
                stride(from: 0, to: bytes.count, by: BloomFilter.lineBytes).allSatisfy {
                    BloomFilter.isWhole(UnsafeRawBufferPointer(rebasing: bytes[$0..<$0 + BloomFilter.lineBytes]))
                }
            }
            guard isWhole else { throw damaged("the filter at byte \(group.filterPosition) is not what was written") }
            if isHeld { filter.append(contentsOf: lines) }
        }
    }

    /// Bytes of memory that the run takes while it is open.
    var heldBytes: Int { filter.capacity + groups.capacity * MemoryLayout<StateGroup>.stride }

    /// Reads the run block by block, in order of table and key.
    func cursor() -> Cursor { Cursor(self) }

    /// The value of a key, copied into `buffer`, and its time; nil if the run does not hold it. Mostly without a read
    /// if it does not and the filter is held.
    func find(_ table: StateTable, _ key: Text, into buffer: inout [UInt8]) throws(StateError) -> Int64? {
        var low = 0
        var high = groups.count
        while low < high {
            let middle = (low + high) / 2
            if groups[middle].first.isBehind(table, key) { high = middle } else { low = middle + 1 }
        }
        guard low > 0, try mayContain(groups[low - 1], BloomFilter.hash(table, key)) else { return nil }
        let group = groups[low - 1]
        let index = try Self.readChecked(path, group.indexPosition, group.indexBytes, store)
        guard let place = group.place(of: table, key, index) else { throw damaged(group) }
        let bytes = try readBlock(place)
        return bytes.withUnsafeBytes { bytes in
            var reader = RecordReader(UnsafeRawBufferPointer(rebasing: bytes[8...]))
            while let record = reader.next() {
                guard record.table == table, record.key == key else { continue }
                buffer.removeAll(keepingCapacity: true)
                buffer.append(contentsOf: record.value)
                return record.time
            }
            return nil
        }
    }

    private func mayContain(_ group: StateGroup, _ hash: UInt64) throws(StateError) -> Bool {
        let line = BloomFilter.line(of: hash, among: group.lines) * BloomFilter.lineBytes
        if !filter.isEmpty {
            let start = group.firstLine * BloomFilter.lineBytes + line
            return filter.withUnsafeBytes {
                BloomFilter.mayContain(
                    UnsafeRawBufferPointer(rebasing: $0[start..<start + BloomFilter.lineBytes]),
                    hash
                )
            }
        }
        let bytes = try Self.read(path, group.filterPosition + line, BloomFilter.lineBytes, store)
        guard bytes.withUnsafeBytes({ BloomFilter.isWhole($0) }) else {
            throw .damaged(
                file: path,
                words: "the filter at byte \(group.filterPosition + line) is not what was written"
            )
        }
        return bytes.withUnsafeBytes { BloomFilter.mayContain($0, hash) }
    }

    /// Where the blocks of a group are.
    private func places(of group: StateGroup) throws(StateError) -> [Range<Int>] {
        let bytes = try Self.readChecked(path, group.indexPosition, group.indexBytes, store)
        guard let places = group.places(bytes) else { throw damaged(group) }
        return places
    }

    private func damaged(_ group: StateGroup) -> StateError {
        .damaged(file: path, words: "the index at byte \(group.indexPosition) cannot be")
    }

    /// A block with its head of 8 bytes.
    private func readBlock(_ place: Range<Int>) throws(StateError) -> [UInt8] {
        guard place.count <= Self.blockLimit else {
            throw .damaged(
                file: path,
                words: "the block at byte \(place.lowerBound) cannot be \(place.count) bytes long"
            )
        }
        let bytes = try Self.read(path, place.lowerBound, place.count, store)
        let isWhole = bytes.withUnsafeBytes { bytes in
            let size = Int(UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)))
            let claimed = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
            return size == bytes.count - 8
                && Checksum.crc32c(UnsafeRawBufferPointer(rebasing: bytes[8...])) == claimed
        }
        guard isWhole else {
            throw .damaged(file: path, words: "the checksum of the block at byte \(place.lowerBound) is wrong")
        }
        return bytes
    }

    private static func readChecked(
        _ path: String,
        _ position: Int,
        _ count: Int,
        _ store: any FileStore
    ) throws(StateError) -> [UInt8] {
        var bytes = try read(path, position, count, store)
        let claimed = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self) }
        bytes.removeLast(4)
        guard Checksum.crc32c(bytes) == claimed else {
            throw .damaged(file: path, words: "the checksum of the part at byte \(position) is wrong")
        }
        return bytes
    }

    private static func read(
        _ path: String,
        _ position: Int,
        _ count: Int,
        _ store: any FileStore
    ) throws(StateError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var span = bytes.mutableSpan
        let found = try files { () throws(FileError) in
            try span.withUnsafeMutableBytes { (buffer: UnsafeMutableRawBufferPointer) throws(FileError) in
                try store.read(path, at: position, into: buffer)
            }
        }
        guard found == count else { throw .damaged(file: path, words: "it is too short") }
        return bytes
    }

    /// A position in a run.
    final class Cursor {
        private let run: StateRun
        private var group = 0
        private var blocks: [Range<Int>] = []
        private var next = 0
        private var bytes: [UInt8] = []
        private var taken = 0

        init(_ run: StateRun) {
            self.run = run
        }

        /// Calls the body with the next record; nil at the end. The record is valid during the call.
        func next<Result>(_ body: (StateRecord) -> Result) throws(StateError) -> Result? {
            while taken == bytes.count {
                if next == blocks.count {
                    guard group < run.groups.count else { return nil }
                    blocks = try run.places(of: run.groups[group])
                    group += 1
                    next = 0
                }
                bytes = try run.readBlock(blocks[next])
                next += 1
                taken = 8
            }
            let result: Result? = bytes.withUnsafeBytes { bytes in
                var reader = RecordReader(UnsafeRawBufferPointer(rebasing: bytes[taken...]))
                guard let record = reader.next() else { return nil }
                taken += reader.position
                return body(record)
            }
            guard let result else { throw .damaged(file: run.path, words: "a record is cut") }
            return result
        }
    }
}
