import Base
import Bytes
import State

/// Where a stretch of a run is: some blocks, the index of them, and the filter over their records.
///
/// In the run's list, little-endian: first record's u16 table and u64 × 2 key; u64 position of the first block; u64
/// position of the index; u32 blocks; u32 lines of the filter, which is behind the index.
struct StateGroup: BitwiseCopyable {
    /// The first record of something that is sorted.
    struct First: BitwiseCopyable {
        var table: StateTable
        var key: Text

        /// Whether a record of that name comes before this one.
        func isBehind(_ table: StateTable, _ key: Text) -> Bool {
            if table != self.table { return table < self.table }
            if key.low != self.key.low { return key.low < self.key.low }
            return key.high < self.key.high
        }
    }

    var first: First
    var start: Int
    var indexPosition: Int
    var blockCount: Int
    var lines: Int
    /// Lines of the groups before.
    var firstLine: Int

    static let entryBytes = 2 + 16 + 8 + 8 + 4 + 4
    static let blockEntryBytes = 2 + 16 + 8

    var indexBytes: Int { blockCount * Self.blockEntryBytes + 4 }
    var filterPosition: Int { indexPosition + indexBytes }
    var filterBytes: Int { lines * BloomFilter.lineBytes }

    func write(to output: inout ByteWriter) {
        output.appendLittleEndian(first.table.number)
        output.appendLittleEndian(first.key.low)
        output.appendLittleEndian(first.key.high)
        output.appendLittleEndian(UInt64(start))
        output.appendLittleEndian(UInt64(indexPosition))
        output.appendLittleEndian(UInt32(blockCount))
        output.appendLittleEndian(UInt32(lines))
    }

    /// A run's list of groups, which ends the file's part in front of `end`; nil unless they lie behind one another.
    static func list(_ bytes: [UInt8], end: Int) -> [StateGroup]? {
        guard bytes.count % entryBytes == 0 else { return nil }
        var groups: [StateGroup] = []
        groups.reserveCapacity(bytes.count / entryBytes)
        var position = StateRun.magic.count
        var lines = 0
        for at in stride(from: 0, to: bytes.count, by: entryBytes) {
            let group = bytes.withUnsafeBytes { bytes in
                func number<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type, _ offset: Int) -> Int {
                    Int(
                        truncatingIfNeeded: T(
                            littleEndian: bytes.loadUnaligned(fromByteOffset: at + offset, as: T.self)
                        )
                    )
                }
                return StateGroup(
                    first: First(bytes, at: at),
                    start: number(UInt64.self, 18),
                    indexPosition: number(UInt64.self, 26),
                    blockCount: number(UInt32.self, 34),
                    lines: number(UInt32.self, 38),
                    firstLine: lines
                )
            }
            guard group.start == position, group.indexPosition >= position, group.indexPosition <= end,
                group.blockCount > 0, group.lines > 0, group.indexBytes + group.filterBytes <= end - group.indexPosition
            else { return nil }
            groups.append(group)
            position = group.filterPosition + group.filterBytes
            lines += group.lines
        }
        return position == end ? groups : nil
    }

    /// Where the group's blocks are, from its index; nil unless they lie behind one another and fill it.
    func places(_ index: [UInt8]) -> [Range<Int>]? {
        guard index.count == blockCount * Self.blockEntryBytes else { return nil }
        var places: [Range<Int>] = []
        places.reserveCapacity(blockCount)
        var position = start
        for number in 0..<blockCount {
            guard let place = place(number, index), place.lowerBound == position else { return nil }
            places.append(place)
            position = place.upperBound
        }
        return places
    }

    /// Where the block is that holds a record if the group does, from the group's index; nil if that cannot be.
    func place(of table: StateTable, _ key: Text, _ index: [UInt8]) -> Range<Int>? {
        guard index.count == blockCount * Self.blockEntryBytes else { return nil }
        var low = 0
        var high = blockCount
        while low < high {
            let middle = (low + high) / 2
            let first = index.withUnsafeBytes { First($0, at: middle * Self.blockEntryBytes) }
            if first.isBehind(table, key) { high = middle } else { low = middle + 1 }
        }
        // The group's first record is its first block's.
        return place(max(0, low - 1), index)
    }

    /// The bytes of a block with its head: it ends where the next one starts.
    private func place(_ number: Int, _ index: [UInt8]) -> Range<Int>? {
        func start(_ number: Int) -> Int {
            guard number < blockCount else { return indexPosition }
            return index.withUnsafeBytes {
                let at = number * Self.blockEntryBytes + 18
                return Int(
                    truncatingIfNeeded: UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: at, as: UInt64.self))
                )
            }
        }
        let (first, end) = (start(number), start(number + 1))
        guard first >= self.start, first <= end, end <= indexPosition, end - first >= 8 else { return nil }
        return first..<end
    }
}

extension StateGroup.First {
    fileprivate init(_ bytes: UnsafeRawBufferPointer, at position: Int) {
        func load<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type, _ offset: Int) -> T {
            T(littleEndian: bytes.loadUnaligned(fromByteOffset: position + offset, as: T.self))
        }
        table = StateTable(load(UInt16.self, 0))
        key = Text(low: load(UInt64.self, 2), high: load(UInt64.self, 10))
    }
}
