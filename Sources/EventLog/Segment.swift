import FileStore

/// One segment of a partition: its three files, and the sparse index while it is being written.
///
/// `.index`: 8 bytes an entry, relative offset of a batch's last record and the batch's position, one entry after every
/// 4 KiB of batches. `.timeindex`: 12 bytes, a timestamp that is larger than all before and the relative offset of the
/// batch that brought it. Both can be rebuilt from the `.log` file and are never trusted more than it.
struct Segment {
    let baseOffset: Int64
    let directory: String
    private(set) var size = 0
    private(set) var index: [UInt8] = []
    private(set) var timeIndex: [UInt8] = []
    private var bytesSinceEntry = 0
    private var largestTimestamp = Int64.min
    private var largestTimestampOffset: Int64 = 0
    private var indexedTimestamp = Int64.min

    static let indexInterval = 4096

    init(baseOffset: Int64, directory: String) {
        self.baseOffset = baseOffset
        self.directory = directory
    }

    var log: String { name("log") }

    func name(_ ending: String) -> String {
        let digits = String(baseOffset)
        return "\(directory)/\(String(repeating: "0", count: 20 - digits.count))\(digits).\(ending)"
    }

    /// Accounts for a batch that stands at the segment's end.
    mutating func append(_ header: BatchHeader) {
        if bytesSinceEntry > Self.indexInterval {
            put(Int32(header.lastOffset - baseOffset), &index)
            put(Int32(header.position), &index)
            if largestTimestamp > indexedTimestamp { indexTimestamp() }
            bytesSinceEntry = 0
        }
        bytesSinceEntry += header.size
        if header.largestTimestamp > largestTimestamp {
            largestTimestamp = header.largestTimestamp
            largestTimestampOffset = header.lastOffset
        }
        size = header.position + header.size
    }

    /// The time index ends with the segment's largest timestamp.
    mutating func seal() { if largestTimestamp > indexedTimestamp { indexTimestamp() } }

    private mutating func indexTimestamp() {
        put(largestTimestamp, &timeIndex)
        put(Int32(largestTimestampOffset - baseOffset), &timeIndex)
        indexedTimestamp = largestTimestamp
    }

    private func put<Value: FixedWidthInteger>(_ value: Value, _ out: inout [UInt8]) {
        withUnsafeBytes(of: value.bigEndian) { out.append(contentsOf: $0) }
    }

    /// Writes both indexes anew, if they are not on disk as they are here.
    func writeIndexes(_ store: any FileStore) throws(FileError) {
        for (ending, bytes) in [("index", index), ("timeindex", timeIndex)] {
            let file = name(ending)
            try store.remove(file)
            let result = bytes.withUnsafeBytes { buffer -> Result<Void, FileError> in
                do throws(FileError) {
                    try store.append(buffer, to: file)
                    return .success(())
                } catch { return .failure(error) }
            }
            try result.get()
        }
    }

    /// Position of the last indexed batch that ends at or before the offset; 0 if the index does not help.
    static func position(of offset: Int64, segment: Segment, store: any FileStore) throws(FileError) -> Int {
        let file = segment.name("index")
        guard let size = try store.size(of: file), size % 8 == 0, size > 0 else { return 0 }
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 8)
        defer { bytes.deallocate() }
        guard try store.read(file, at: 0, into: bytes) == size, let base = bytes.baseAddress else { return 0 }
        let entries = base.assumingMemoryBound(to: UInt8.self)
        var found = 0
        for entry in 0..<size / 8 {
            let last = segment.baseOffset + Int64(BigEndian.load(Int32.self, UnsafePointer(entries), at: entry * 8))
            guard last <= offset else { break }
            found = Int(BigEndian.load(Int32.self, UnsafePointer(entries), at: entry * 8 + 4))
        }
        return found
    }
}
