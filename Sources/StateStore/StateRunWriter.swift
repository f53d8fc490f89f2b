import Base
import Bytes
import FileStore

/// Writes a run: records come in order of table and key, each once.
struct StateRunWriter: ~Copyable {
    private let path: String
    private let store: any FileStore
    private let sequence: Int
    private var block = ByteWriter(capacity: StateRun.blockBytes * 2)
    private var output = ByteWriter(capacity: 1 << 20)
    private var index = ByteWriter(capacity: 4096)
    private var filter: BloomFilter
    private var written = 0
    private var count = 0

    private static let outputBytes = 1 << 20

    /// `expected` is how many records will come at most.
    init(directory: String, sequence: Int, expected: Int, store: any FileStore) throws(FileError) {
        path = StateRun.path(directory, sequence)
        self.sequence = sequence
        self.store = store
        filter = BloomFilter(keyCount: expected)
        // What an interrupted run of the program left under this name.
        try store.remove(path)
        output.append(StateRun.magic)
    }

    mutating func add(_ record: StateRecord) throws(FileError) {
        if block.isEmpty {
            index.appendLittleEndian(record.table.number)
            index.appendLittleEndian(record.key.low)
            index.appendLittleEndian(record.key.high)
            index.appendLittleEndian(UInt64(written + output.count))
        }
        filter.insert(record.table, record.key)
        block.appendLittleEndian(record.table.number)
        block.appendLittleEndian(record.key.low)
        block.appendLittleEndian(record.key.high)
        block.appendLittleEndian(record.time)
        block.appendLittleEndian(UInt32(record.value.count))
        block.append(record.value)
        count += 1
        if block.count >= StateRun.blockBytes { try endBlock() }
    }

    /// Completes and syncs the file. Its name is durable once the folder has been synced.
    consuming func finish() throws(FileError) -> StateRun.Name {
        if !block.isEmpty { try endBlock() }
        let indexPosition = written + output.count
        output.append(index.bytes)
        output.appendLittleEndian(Checksum.crc32c(index.bytes))
        let filterPosition = written + output.count
        let bits = filter.bytes
        output.append(bits)
        output.appendLittleEndian(Checksum.crc32c(bits))
        var footer = ByteWriter(capacity: StateRun.footerBytes)
        footer.appendLittleEndian(UInt64(indexPosition))
        footer.appendLittleEndian(UInt64(filterPosition - indexPosition))
        footer.appendLittleEndian(UInt64(filterPosition))
        footer.appendLittleEndian(UInt64(written + output.count - filterPosition))
        footer.appendLittleEndian(UInt64(count))
        let checksum = Checksum.crc32c(footer.bytes)
        footer.appendLittleEndian(checksum)
        footer.appendLittleEndian(UInt32(0))
        footer.append(StateRun.magic)
        output.append(footer.bytes)
        try flush()
        return StateRun.Name(sequence: sequence, byteCount: written, records: count, checksum: checksum)
    }

    private mutating func endBlock() throws(FileError) {
        output.appendLittleEndian(UInt32(block.count))
        output.appendLittleEndian(Checksum.crc32c(block.bytes))
        output.append(block.bytes)
        block.removeAll()
        if output.count >= Self.outputBytes { try flush() }
    }

    private mutating func flush() throws(FileError) {
        try store.write(output.bytes, to: path, at: written)
        // Synced bit by bit: a large sync would hold up the log's small ones, for which events wait.
        try store.sync(path)
        written += output.count
        output.removeAll()
    }
}
