import Base
import Bytes
import FileStore

/// Where in a segment an offset or a time is, about: a sparse index in memory while the segment grows, and two files
/// behind it once it is complete. Both can be rebuilt from the `.log` file and are never trusted more than it.
///
/// | file | entry, big-endian | when |
/// |---|---|---|
/// | `.index` | int32 last offset of a batch - base, int32 where it begins | after more than 4,096 bytes of batches |
/// | `.timeindex` | int64 time, int32 offset - base: no later record up to there | with those, if time has grown |
///
/// Same entries at the same places as Apache Kafka writes (`LogSegment.append`, `TimeIndex.maybeAppend`).
struct SegmentIndex: Equatable {
    struct OffsetPoint: Equatable {
        var lastOffset: Int64
        var position: Int
    }

    struct TimePoint: Equatable {
        var timestamp: Int64
        var lastOffset: Int64
    }

    let baseOffset: Int64
    private(set) var offsets: [OffsetPoint] = []
    private(set) var times: [TimePoint] = []
    private var bytesSinceEntry = 0
    private var largest = TimePoint(timestamp: -1, lastOffset: -1)

    static let intervalBytes = 4096
    static let offsetPointBytes = 8
    static let timePointBytes = 12

    init(baseOffset: Int64) {
        self.baseOffset = baseOffset
    }

    /// Accounts for the next batch of the segment.
    mutating func add(_ header: BatchHeader) {
        precondition(
            header.baseOffset >= baseOffset && header.lastOffset - baseOffset <= Int64(Int32.max),
            "A batch lies in its segment, whose index has 32 bits for each offset."
        )
        if header.largestTimestamp > largest.timestamp {
            largest = TimePoint(timestamp: header.largestTimestamp, lastOffset: header.lastOffset)
        }
        if bytesSinceEntry > Self.intervalBytes, header.position <= LogLimits.segmentBytes {
            offsets.append(OffsetPoint(lastOffset: header.lastOffset, position: header.position))
            addTime()
            bytesSinceEntry = 0
        }
        bytesSinceEntry += header.size
    }

    /// The time index ends with the segment's largest timestamp.
    mutating func seal() {
        addTime()
    }

    private mutating func addTime() {
        if largest.timestamp > times.last?.timestamp ?? -1 { times.append(largest) }
    }

    /// The last entry at or before the offset.
    func entry(for offset: Int64) -> OffsetPoint? {
        var low = 0
        var high = offsets.count
        while low < high {
            let middle = (low + high) / 2
            if offsets[middle].lastOffset <= offset { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : offsets[low - 1]
    }
}

// MARK: - Files

extension SegmentIndex {
    /// Writes both files anew. They need no sync: a file that a power cut leaves short or zeroed is found out when
    /// read.
    func write(_ segment: Segment, _ store: any FileStore) throws(FileError) {
        var bytes = ByteWriter(capacity: offsets.count * Self.offsetPointBytes)
        for entry in offsets {
            bytes.appendBigEndian(Int32(entry.lastOffset - baseOffset))
            bytes.appendBigEndian(Int32(entry.position))
        }
        try store.write(bytes.bytes, to: segment.index, at: 0)
        try store.truncate(segment.index, to: bytes.count)
        bytes.removeAll()
        for entry in times {
            bytes.appendBigEndian(entry.timestamp)
            bytes.appendBigEndian(Int32(entry.lastOffset - baseOffset))
        }
        try store.write(bytes.bytes, to: segment.timeIndex, at: 0)
        try store.truncate(segment.timeIndex, to: bytes.count)
    }

    /// The index of a complete segment, made anew from its batches.
    static func rebuilt(_ segment: Segment, _ store: any FileStore) throws(FileError) -> SegmentIndex {
        var index = SegmentIndex(baseOffset: segment.baseOffset)
        let scanner = SegmentScanner(segment, store: store)
        walk: while true {
            switch try scanner.next() {
            case .batch(let header, _): index.add(header)
            case .damaged: continue
            case .torn, .end: break walk
            }
        }
        index.seal()
        return index
    }

    /// Reads both files; nil if one is missing or cannot be right. `size` is the size of the segment's `.log` file.
    init?(_ segment: Segment, logSize size: Int, _ store: any FileStore) throws(FileError) {
        baseOffset = segment.baseOffset
        // No batch has two entries.
        let countMax = size / BatchHeader.byteCount + 1
        guard let offsetBytes = try Self.entries(segment.index, Self.offsetPointBytes, countMax, store),
            let timeBytes = try Self.entries(segment.timeIndex, Self.timePointBytes, countMax + 1, store)
        else { return nil }
        offsets = offsetBytes.withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count, by: Self.offsetPointBytes).map { Self.offsetPoint(bytes, $0, baseOffset) }
        }
        times = timeBytes.withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count, by: Self.timePointBytes).map { Self.timePoint(bytes, $0, baseOffset) }
        }
        var last = OffsetPoint(lastOffset: baseOffset - 1, position: 0)
        for entry in offsets {
            guard entry.lastOffset > last.lastOffset, entry.position > last.position, entry.position < size else {
                return nil
            }
            last = entry
        }
        var lastTime = TimePoint(timestamp: -1, lastOffset: baseOffset)
        for entry in times {
            guard entry.timestamp > lastTime.timestamp, entry.lastOffset >= lastTime.lastOffset else { return nil }
            lastTime = entry
        }
    }

    /// The bytes of an index file; nil if it is missing or has an impossible size.
    private static func entries(
        _ file: String,
        _ entryBytes: Int,
        _ countMax: Int,
        _ store: any FileStore
    ) throws(FileError) -> [UInt8]? {
        guard let size = try store.size(of: file), size % entryBytes == 0, size / entryBytes <= countMax else {
            return nil
        }
        return try store.contents(of: file, max: countMax * entryBytes)
    }

    /// Drops what is behind the last offset entry, so that a walk from that entry's batch on can go on from here.
    mutating func prepareForWalk() {
        guard let last = offsets.last else {
            self = SegmentIndex(baseOffset: baseOffset)
            return
        }
        offsets.removeLast()
        // The entry before the last one is what the batches before the walk have earned; the walk adds the rest again.
        times.removeAll { $0.lastOffset >= last.lastOffset }
        largest = times.last ?? largest
        bytesSinceEntry = Self.intervalBytes + 1
    }

    static func offsetPoint(_ bytes: UnsafeRawBufferPointer, _ at: Int, _ base: Int64) -> OffsetPoint {
        let relative = Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: at, as: Int32.self))
        let position = Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: at + 4, as: Int32.self))
        return OffsetPoint(lastOffset: base + Int64(relative), position: Int(position))
    }

    static func timePoint(_ bytes: UnsafeRawBufferPointer, _ at: Int, _ base: Int64) -> TimePoint {
        let timestamp = Int64(bigEndian: bytes.loadUnaligned(fromByteOffset: at, as: Int64.self))
        let relative = Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: at + 8, as: Int32.self))
        return TimePoint(timestamp: timestamp, lastOffset: base + Int64(relative))
    }
}
