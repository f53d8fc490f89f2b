import Base
import Bytes
import FileStore
import State

/// Writes a run in constant memory: records come in order of table and key, each once.
struct StateRunWriter: ~Copyable {
    private let path: String
    private let store: any FileStore
    private let sequence: Int
    private var block = ByteWriter(capacity: StateRun.blockBytes * 2)
    private var output = ByteWriter(capacity: StateRunWriter.outputBytes + StateRun.blockBytes * 4)
    private var groups = ByteWriter(capacity: 4096)
    private var written = 0
    private var count = 0

    // Of the group that is being written: where it starts, its blocks, and the hashes of its records.
    private var first: StateGroup.First?
    private var start = 0
    private var blockCount = 0
    private var index = ByteWriter(capacity: 4096)
    private var hashes = GrowingArray<UInt64>()

    private static let outputBytes = 1 << 20

    init(directory: String, sequence: Int, store: any FileStore) throws(FileError) {
        path = StateRun.path(directory, sequence)
        self.sequence = sequence
        self.store = store
        // What an interrupted run of the program left under this name.
        try store.remove(path)
        output.append(StateRun.magic)
    }

    private var position: Int { written + output.count }

    mutating func add(_ record: StateRecord) throws(FileError) {
        if first == nil {
            first = StateGroup.First(table: record.table, key: record.key)
            start = position
        }
        if block.isEmpty {
            index.appendLittleEndian(record.table.number)
            index.appendLittleEndian(record.key.low)
            index.appendLittleEndian(record.key.high)
            index.appendLittleEndian(UInt64(position))
            blockCount += 1
        }
        hashes.append(BloomFilter.hash(record.table, record.key))
        block.appendLittleEndian(record.table.number)
        block.appendLittleEndian(record.key.low)
        block.appendLittleEndian(record.key.high)
        block.appendLittleEndian(record.time)
        block.appendLittleEndian(UInt32(record.value.count))
        block.append(record.value)
        count += 1
        if block.count >= StateRun.blockBytes { try endBlock() }
        if position - start >= StateRun.groupBytes { endGroup() }
    }

    /// Completes and syncs the file. Its name is durable once the folder has been synced.
    consuming func finish() throws(FileError) -> StateRun.Name {
        if !block.isEmpty { try endBlock() }
        endGroup()
        let listPosition = position
        output.append(groups.bytes)
        output.appendLittleEndian(Checksum.crc32c(groups.bytes))
        var footer = ByteWriter(capacity: StateRun.footerBytes)
        footer.appendLittleEndian(UInt64(listPosition))
        footer.appendLittleEndian(UInt64(position - listPosition))
        footer.appendLittleEndian(UInt64(count))
        let checksum = Checksum.crc32c(footer.bytes)
        footer.appendLittleEndian(checksum)
        footer.appendLittleEndian(UInt32(0))
        footer.append(StateRun.magic)
        precondition(footer.count == StateRun.footerBytes, "A reader knows where the footer begins.")
        output.append(footer.bytes)
        try flush()
        return StateRun.Name(sequence: sequence, byteCount: written, records: count, checksum: checksum)
    }

    private mutating func endBlock() throws(FileError) {
        output.appendLittleEndian(UInt32(block.count))
        output.appendLittleEndian(Checksum.crc32c(block.bytes))
        output.append(block.bytes)
        precondition(block.count > 0 && blockCount > 0, "A block has records, and is in the index.")
        block.removeAll()
        if output.count >= Self.outputBytes { try flush() }
    }

    /// Writes the index and the filter of a group behind its blocks.
    private mutating func endGroup() {
        guard let first else { return }
        precondition(block.isEmpty && hashes.count > 0, "A group ends with a whole block.")
        let group = StateGroup(
            first: first,
            start: start,
            indexPosition: position,
            blockCount: blockCount,
            lines: BloomFilter.lineCount(keys: hashes.count),
            firstLine: 0
        )
        precondition(index.count + 4 == group.indexBytes, "Every block is in the index.")
        group.write(to: &groups)
        output.append(index.bytes)
        output.appendLittleEndian(Checksum.crc32c(index.bytes))
        let lines = output.count
        output.append(repeating: 0, count: group.filterBytes)
        BloomFilter.fill(UnsafeMutableRawBufferPointer(rebasing: output.mutableBytes[lines...]), with: hashes)
        self.first = nil
        blockCount = 0
        index.removeAll()
        hashes.removeAll()
    }

    private mutating func flush() throws(FileError) {
        try store.write(output.bytes, to: path, at: written)
        // Synced bit by bit: a large sync would hold up the log's small ones, for which events wait.
        try store.sync(path)
        written += output.count
        output.removeAll()
    }
}
