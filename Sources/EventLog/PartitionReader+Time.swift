public import Base
import Bytes
import FileStore

extension PartitionReader {
    /// The offset of the first record, by offset, that is not earlier than the time; nil if there is none. Damaged and
    /// unreadable batches are passed over. Does not move the reader.
    public func offset(atOrAfter timestampMilliseconds: Int64) throws(LogError) -> LogOffset? {
        let bases = try files { () throws(FileError) in try Segment.bases(directory, store) }
        for base in bases {
            let segment = Segment(baseOffset: base, directory: directory)
            if let found = try search(segment, timestampMilliseconds, isLast: base == bases.last) { return found }
        }
        return nil
    }

    /// Goes on at the first record that is not earlier than the time; false, and at the end, if there is none.
    public func seek(toTime timestampMilliseconds: Int64) throws(LogError) -> Bool {
        guard let offset = try offset(atOrAfter: timestampMilliseconds) else {
            let bases = try files { () throws(FileError) in try Segment.bases(directory, store) }
            seek(to: LogOffset(bases.last ?? 0))
            let batch = RecordBatch()
            while try next(into: batch) {}
            return false
        }
        seek(to: offset)
        return true
    }

    private func search(_ segment: Segment, _ time: Int64, isLast: Bool) throws(LogError) -> LogOffset? {
        let scanner = SegmentScanner(segment, store: store)
        let isLater = try files { () throws(FileError) in
            _ = try segment.size(store)
            let index = IndexFiles(segment, store)
            guard let entry = try index.timePoint(before: time), try index.isTrue(entry, scanner) else {
                scanner.seek(to: 0, expecting: segment.baseOffset)
                return false
            }
            // A complete segment's last entry is its latest time.
            return !isLast && entry.isLast
        }
        guard !isLater else { return nil }
        let batch = RecordBatch()
        while true {
            switch try files({ () throws(FileError) in try scanner.next() }) {
            case .batch(let header, let bytes):
                guard header.largestTimestamp >= time, batch.decode(bytes, header) == nil else { continue }
                if let index = batch.records.firstIndex(where: { $0.timestampMilliseconds >= time }) {
                    return LogOffset(header.baseOffset + Int64(index))
                }
            case .damaged: continue
            case .torn, .end: return nil
            }
        }
    }
}

/// Looks entries up in a segment's index files, without reading them whole. An entry is a hint: whoever uses it checks
/// it against the batch it names.
struct IndexFiles {
    private let segment: Segment
    private let store: any FileStore

    init(_ segment: Segment, _ store: any FileStore) {
        self.segment = segment
        self.store = store
    }

    struct TimeHint {
        var entry: SegmentIndex.TimePoint
        /// No entry follows.
        var isLast: Bool
    }

    /// The last entry at or before the offset.
    func offsetPoint(for offset: Int64) throws(FileError) -> SegmentIndex.OffsetPoint? {
        let size = SegmentIndex.offsetPointBytes
        let base = segment.baseOffset
        let found = try last(segment.index, size) { SegmentIndex.offsetPoint($0, 0, base).lastOffset <= offset }
        guard let found else { return nil }
        let entry = found.bytes.withUnsafeBytes { SegmentIndex.offsetPoint($0, 0, base) }
        return entry.position > 0 ? entry : nil
    }

    /// The last entry before the time.
    func timePoint(before time: Int64) throws(FileError) -> TimeHint? {
        let size = SegmentIndex.timePointBytes
        let base = segment.baseOffset
        let found = try last(segment.timeIndex, size) { SegmentIndex.timePoint($0, 0, base).timestamp < time }
        guard let found else { return nil }
        let entry = found.bytes.withUnsafeBytes { SegmentIndex.timePoint($0, 0, base) }
        return TimeHint(entry: entry, isLast: found.isLast)
    }

    /// Moves the scanner behind the batch that a time entry names; false if there is no such batch with that time.
    func isTrue(_ hint: TimeHint, _ scanner: SegmentScanner) throws(FileError) -> Bool {
        if let entry = try offsetPoint(for: hint.entry.lastOffset) { _ = try scanner.start(at: entry) }
        while scanner.expectedOffset <= hint.entry.lastOffset {
            guard case .batch(let header, _) = try scanner.next() else { return false }
            if header.lastOffset == hint.entry.lastOffset { return header.largestTimestamp == hint.entry.timestamp }
        }
        return false
    }

    /// The last of the entries that `isBefore` holds for, which are the first ones of the file.
    private func last(
        _ file: String,
        _ entrySize: Int,
        where isBefore: (UnsafeRawBufferPointer) -> Bool
    ) throws(FileError) -> (bytes: [UInt8], isLast: Bool)? {
        guard let size = try store.size(of: file), size > 0 else { return nil }
        let count = size / entrySize
        var low = 0
        var high = count
        var found: [UInt8]?
        while low < high {
            let middle = (low + high) / 2
            guard let bytes = try read(file, at: middle * entrySize, count: entrySize) else { return nil }
            if bytes.withUnsafeBytes(isBefore) {
                low = middle + 1
                found = bytes
            } else {
                high = middle
            }
        }
        return found.map { ($0, low == count) }
    }

    private func read(_ file: String, at position: Int, count: Int) throws(FileError) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var span = bytes.mutableSpan
        let read = try span.withUnsafeMutableBytes { (buffer: UnsafeMutableRawBufferPointer) throws(FileError) in
            try store.read(file, at: position, into: buffer)
        }
        return read == count ? bytes : nil
    }
}
