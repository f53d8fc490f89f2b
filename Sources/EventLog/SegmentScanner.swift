import CKernels
import FileStore

/// What one batch of a segment file is, by its header.
struct BatchHeader: Equatable {
    var position: Int
    var size: Int
    var baseOffset: Int64
    var lastOffset: Int64
    var largestTimestamp: Int64
    var recordCount: Int
}

/// Reads a segment batch by batch, checking each: the one place that decides what a whole batch is.
final class SegmentScanner {
    enum Step {
        case batch(BatchHeader, UnsafeBufferPointer<UInt8>)
        /// No whole batch starts here: why.
        case damaged(position: Int, words: String)
        case end
    }

    let file: String
    private let store: any FileStore
    private var buffer: UnsafeMutablePointer<UInt8>
    private var capacity = 1 << 21
    private var start = 0
    private var filled = 0
    /// File position of `buffer[start]`.
    private(set) var position: Int

    /// A batch's size at most.
    static let batchLimit = 64 << 20

    init(_ file: String, store: any FileStore, from position: Int = 0) {
        self.file = file
        self.store = store
        self.position = position
        buffer = .allocate(capacity: capacity)
    }

    deinit { buffer.deallocate() }

    /// The next batch; its bytes are valid until the next call. Stays where it is at damage.
    func next(expectedOffset: Int64?) throws(FileError) -> Step {
        guard try fill(RecordBatchBuilder.headerSize) else {
            if filled == start { return .end }
            return .damaged(position: position, words: "the file ends inside a batch's header")
        }
        let length = Int(BigEndian.load(Int32.self, UnsafePointer(buffer + start), at: 8))
        guard length >= RecordBatchBuilder.headerSize - 12, length + 12 <= Self.batchLimit else {
            return .damaged(position: position, words: "a batch's length is \(length)")
        }
        guard try fill(length + 12) else {
            return .damaged(position: position, words: "the file ends inside a batch of \(length + 12) bytes")
        }
        let bytes = UnsafePointer(buffer + start)
        guard bytes[16] == 2 else { return .damaged(position: position, words: "a batch's version is \(bytes[16])") }
        let stored = BigEndian.load(UInt32.self, bytes, at: 17)
        let found = pa_crc32c(0, bytes + 21, length + 12 - 21)
        guard stored == found else {
            let words = "checksum \(hex(found)), expected \(hex(stored))"
            return .damaged(position: position, words: words)
        }
        let base = BigEndian.load(Int64.self, bytes, at: 0)
        let header = BatchHeader(
            position: position,
            size: length + 12,
            baseOffset: base,
            lastOffset: base + Int64(BigEndian.load(Int32.self, bytes, at: 23)),
            largestTimestamp: BigEndian.load(Int64.self, bytes, at: 35),
            recordCount: Int(BigEndian.load(Int32.self, bytes, at: 57))
        )
        if let expectedOffset, base != expectedOffset {
            return .damaged(position: position, words: "a batch with offset \(base), expected \(expectedOffset)")
        }
        start += header.size
        position += header.size
        return .batch(header, UnsafeBufferPointer(start: bytes, count: header.size))
    }

    /// The position of the next whole batch behind damage, or nil if there is none.
    func findNext(after damage: Int) throws(FileError) -> Int? {
        let probe = SegmentScanner(file, store: store, from: damage + 1)
        while try probe.fill(RecordBatchBuilder.headerSize) {
            // Magic and a possible length are tested before the costly checksum.
            let bytes = UnsafePointer(probe.buffer + probe.start)
            let length = Int(BigEndian.load(Int32.self, bytes, at: 8))
            if bytes[16] == 2, length >= 49, length < Self.batchLimit,
                case .batch(let found, _) = try probe.next(expectedOffset: nil)
            {
                return found.position
            }
            probe.start += 1
            probe.position += 1
        }
        return nil
    }

    /// Goes on at another position.
    func seek(to target: Int) {
        start = 0
        filled = 0
        position = target
    }

    private func fill(_ needed: Int) throws(FileError) -> Bool {
        if filled - start >= needed { return true }
        buffer.update(from: buffer + start, count: filled - start)
        filled -= start
        start = 0
        if capacity < needed {
            while capacity < needed { capacity *= 2 }
            let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
            larger.update(from: buffer, count: filled)
            buffer.deallocate()
            buffer = larger
        }
        let room = UnsafeMutableRawBufferPointer(start: buffer + filled, count: capacity - filled)
        filled += try store.read(file, at: position + filled, into: room)
        return filled >= needed
    }
}

private func hex(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
}
