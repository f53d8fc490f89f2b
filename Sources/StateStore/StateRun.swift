import Base
import Bytes
import FileStore

/// A sorted file of state records, written once and never changed.
///
/// | part | content, little-endian |
/// |---|---|
/// | magic | `PASTATE1` |
/// | blocks | u32 bytes, u32 CRC-32C, records of about 16 KiB |
/// | index | for each block: the first record's table and key, u64 position; CRC-32C behind it |
/// | filter | Bloom filter over table and key, 10 bits a record, 7 probes (Bloom 1970); CRC-32C behind it |
/// | footer | u64 × 5: index position and bytes, filter position and bytes, records; u32 CRC-32C; u32 0; magic |
///
/// The index and the filter are in memory while the run is open: 1.3 bytes a key and 26 bytes a block.
final class StateRun: @unchecked Sendable {
    // Nothing changes after the initializer, and the records in `firsts` point to no memory.
    struct Name: Equatable {
        var sequence: Int
        var byteCount: Int
        var records: Int
        /// CRC-32C of the footer: ties a checkpoint to this very file.
        var checksum: UInt32
    }

    static let magic: [UInt8] = Array("PASTATE1".utf8)
    static let blockBytes = 16 << 10
    static let footerBytes = 8 * 5 + 4 + 4 + 8
    /// A block holds at least one record, whose value may be large.
    static let blockLimit = 256 << 20

    let name: Name
    let path: String
    private let store: any FileStore
    private var firsts: [StateRecord] = []
    private var positions: [Int] = []
    private let filter: BloomFilter
    private let blocksEnd: Int

    static func path(_ directory: String, _ sequence: Int) -> String {
        let digits = String(sequence)
        return "\(directory)/run-\(String(repeating: "0", count: max(0, 8 - digits.count)))\(digits).state"
    }

    /// Opens a run: reads and checks its footer, index and filter, not its blocks.
    init(_ name: Name, directory: String, store: any FileStore) throws(StateError) {
        self.name = name
        self.store = store
        path = Self.path(directory, name.sequence)
        let path = path
        func damaged(_ words: String) -> StateError { .damaged(file: path, words: words) }
        let footer = try Self.read(path, name.byteCount - Self.footerBytes, Self.footerBytes, store)
        let fields = footer.withUnsafeBytes { bytes in
            (0..<5).map { Int(truncatingIfNeeded: bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self)) }
        }
        let claimed = footer.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 40, as: UInt32.self) }
        guard Checksum.crc32c(Array(footer[..<40])) == claimed, Array(footer[48...]) == Self.magic,
            claimed == name.checksum
        else { throw damaged("its footer is not what was written") }
        let (indexPosition, indexBytes, filterPosition, filterBytes) = (fields[0], fields[1], fields[2], fields[3])
        guard fields[..<4].allSatisfy({ (0...name.byteCount).contains($0) }), indexPosition >= 8, indexBytes >= 4,
            filterPosition == indexPosition + indexBytes, filterBytes >= 4,
            filterPosition + filterBytes + Self.footerBytes == name.byteCount
        else { throw damaged("its parts do not fit its size") }
        blocksEnd = indexPosition
        let index = try Self.readChecked(path, indexPosition, indexBytes, store)
        filter = BloomFilter(bytes: try Self.readChecked(path, filterPosition, filterBytes, store))
        let entryBytes = 26
        guard index.count % entryBytes == 0 else { throw damaged("its index is cut") }
        index.withUnsafeBytes { bytes in
            for at in stride(from: 0, to: bytes.count, by: entryBytes) {
                let table = StateTable(bytes.loadUnaligned(fromByteOffset: at, as: UInt16.self))
                let low = bytes.loadUnaligned(fromByteOffset: at + 2, as: UInt64.self)
                let high = bytes.loadUnaligned(fromByteOffset: at + 10, as: UInt64.self)
                let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
                firsts.append(StateRecord(table: table, key: Text(low: low, high: high), time: 0, value: nothing))
                positions.append(
                    Int(truncatingIfNeeded: bytes.loadUnaligned(fromByteOffset: at + 18, as: UInt64.self))
                )
            }
        }
        guard positions.allSatisfy({ $0 >= 8 && $0 < blocksEnd }) else { throw damaged("its index points outside") }
    }

    /// Reads the run block by block, in order of table and key.
    func cursor() -> Cursor { Cursor(self) }

    /// The value of a key, copied into `buffer`; nil if the run does not hold it. One disk read at most, mostly none.
    func find(_ table: StateTable, _ key: Text, into buffer: inout [UInt8]) throws(StateError) -> Int64? {
        guard filter.mayContain(table, key) else { return nil }
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        let wanted = StateRecord(table: table, key: key, time: 0, value: nothing)
        var low = 0
        var high = firsts.count
        while low < high {
            let middle = (low + high) / 2
            if wanted.precedes(firsts[middle]) { high = middle } else { low = middle + 1 }
        }
        guard low > 0 else { return nil }
        let block = try readBlock(at: positions[low - 1]).bytes
        return block.withUnsafeBytes { bytes in
            var reader = RecordReader(bytes)
            while let record = reader.next() {
                guard record.hasKey(of: wanted) else { continue }
                buffer.removeAll(keepingCapacity: true)
                buffer.append(contentsOf: record.value)
                return record.time
            }
            return nil
        }
    }

    private func readBlock(at position: Int) throws(StateError) -> (bytes: [UInt8], next: Int) {
        let head = try Self.read(path, position, 8, store)
        let (size, claimed) = head.withUnsafeBytes { bytes in
            (Int(bytes.loadUnaligned(as: UInt32.self)), bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        }
        guard size <= Self.blockLimit, position + 8 + size <= blocksEnd else {
            throw .damaged(file: path, words: "the block at byte \(position) cannot be \(size) bytes long")
        }
        let bytes = try Self.read(path, position + 8, size, store)
        guard Checksum.crc32c(bytes) == claimed else {
            throw .damaged(file: path, words: "the checksum of the block at byte \(position) is wrong")
        }
        return (bytes, position + 8 + size)
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
        guard position >= 0, count >= 0 else { throw .damaged(file: path, words: "it is too short") }
        let size = try files { () throws(FileError) in try store.size(of: path) ?? 0 }
        guard position + count <= size else { throw .damaged(file: path, words: "it is too short") }
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
        private var block: [UInt8] = []
        private var position = StateRun.magic.count
        private var taken = 0

        init(_ run: StateRun) {
            self.run = run
        }

        /// Calls the body with the next record; false at the end. The record is valid during the call.
        func next<Result>(_ body: (StateRecord) -> Result) throws(StateError) -> Result? {
            while taken == block.count {
                guard position < run.blocksEnd else { return nil }
                (block, position) = try run.readBlock(at: position)
                taken = 0
            }
            let result: Result? = block.withUnsafeBytes { bytes in
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
