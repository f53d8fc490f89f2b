import Base
import FileStore

/// Reads a segment batch by batch, checking each: the one place that decides what a whole batch is, what is damage, and
/// what is a torn tail.
///
/// - A batch is whole if its header can be true, its checksum is right, and its offset is the one that comes next.
/// - A batch whose checksum is right and whose offset is not is damage, never a torn tail.
/// - Zeros up to the end of the file are space filled ahead: the end.
/// - Anything else with a whole batch behind it is damage: the scanner reports it once and goes on at that batch.
/// - Anything else with nothing whole behind it is a torn tail, and the scanner stays there.
final class SegmentScanner {
    enum Step {
        /// The bytes are valid until the next call.
        case batch(BatchHeader, UnsafeRawBufferPointer)
        case damaged(LogDamage)
        case torn(LogDamage)
        case end
    }

    let segment: Segment
    private(set) var position: Int
    /// The offset that comes next.
    private(set) var expectedOffset: Int64

    private let store: any FileStore
    private var buffer: UnsafeMutableRawBufferPointer
    private var start = 0
    private var filled = 0
    private var readAheadBytes = 1 << 16

    /// What is read ahead stays in the processor's cache until it is unpacked.
    private static let readAheadMax = 1 << 18

    init(_ segment: Segment, store: any FileStore) {
        self.segment = segment
        self.store = store
        position = 0
        expectedOffset = segment.baseOffset
        buffer = .allocate(byteCount: readAheadBytes, alignment: 16)
    }

    deinit {
        buffer.deallocate()
    }

    /// Goes to the batch that an index entry names. False, and at the segment's beginning, if the entry is not true.
    func start(at entry: SegmentIndex.OffsetPoint) throws(FileError) -> Bool {
        seek(to: entry.position, expecting: segment.baseOffset)
        if case .batch(let header, _) = try check(anyOffset: true), header.lastOffset == entry.lastOffset,
            header.fits(segment)
        {
            expectedOffset = header.baseOffset
            return true
        }
        seek(to: 0, expecting: segment.baseOffset)
        return false
    }

    func seek(to position: Int, expecting offset: Int64) {
        self.position = position
        expectedOffset = offset
        forget()
    }

    func next() throws(FileError) -> Step {
        var found = try check()
        if case .batch = found {
        } else {
            // What was read ahead may have been overtaken by a writer: only what is in the file now counts.
            forget()
            found = try check()
        }
        switch found {
        case .batch(let header, let bytes):
            start += header.size
            position += header.size
            expectedOffset = header.lastOffset + 1
            return .batch(header, bytes)
        case .end:
            return .end
        case .fault(let fault):
            return try resolve(fault)
        }
    }

    /// Goes on behind a batch whose records cannot be read: the batch that follows, or the segment that begins at
    /// `limit`, says better than its header how many offsets it took. Returns the offset that comes next.
    func distrust(_ header: BatchHeader, limit: Int64) throws(FileError) -> Int64 {
        var next = min(expectedOffset, limit)
        if case .batch(let following, _) = try check(anyOffset: true), following.fits(segment),
            following.baseOffset < next
        {
            next = following.baseOffset
        }
        if next > header.baseOffset { expectedOffset = next }
        return expectedOffset
    }

    // MARK: - One place

    private enum Check {
        case batch(BatchHeader, UnsafeRawBufferPointer)
        case end
        case fault(BatchFault)
    }

    private func check(anyOffset: Bool = false) throws(FileError) -> Check {
        guard try fill(BatchHeader.byteCount) else {
            if filled == start { return .end }
            return .fault(.truncated(needed: BatchHeader.byteCount, found: filled - start))
        }
        if let fault = BatchHeader.fault(inHeader: window(BatchHeader.byteCount)) { return .fault(fault) }
        let header = BatchHeader(window(BatchHeader.byteCount), position: position)
        guard try fill(header.size) else { return .fault(.truncated(needed: header.size, found: filled - start)) }
        let bytes = window(header.size)
        if let fault = header.fault(in: bytes) { return .fault(fault) }
        guard anyOffset || header.baseOffset == expectedOffset else {
            return .fault(.offset(expected: LogOffset(expectedOffset), found: LogOffset(header.baseOffset)))
        }
        guard anyOffset || header.fits(segment) else {
            return .fault(.records("its offsets are too many for a segment"))
        }
        return .batch(header, bytes)
    }

    /// Tells damage, the torn tail and the end apart.
    private func resolve(_ fault: BatchFault) throws(FileError) -> Step {
        let size = max(position, try segment.size(store) ?? position)
        if try isZero() { return .end }
        var damage = LogDamage(
            file: segment.log,
            position: position,
            byteCount: size - position,
            offset: LogOffset(expectedOffset),
            nextOffset: nil,
            fault: fault
        )
        let search = SegmentScanner(segment, store: store)
        search.seek(to: position, expecting: expectedOffset)
        // A right checksum means that it was written whole: it is no torn tail, whatever is wrong with it.
        var whole: BatchHeader?
        if case .records = fault { whole = BatchHeader(window(BatchHeader.byteCount), position: position) }
        if case .offset = fault, case .batch(let header, _) = try check(anyOffset: true) {
            whole = header
            // The offset is not under the checksum. Only what follows can tell that it is right, and offsets are
            // missing.
            if header.baseOffset > expectedOffset, header.fits(segment), try search.successor(of: header) == .confirms {
                damage.byteCount = 0
                damage.nextOffset = LogOffset(header.baseOffset)
                expectedOffset = header.baseOffset
                return .damaged(damage)
            }
        }
        search.seek(to: position + (whole?.size ?? 1), expecting: expectedOffset)
        switch try search.findWhole(fileSize: size) {
        case .found(let header):
            damage.byteCount = header.position - position
            damage.nextOffset = LogOffset(header.baseOffset)
            seek(to: header.position, expecting: header.baseOffset)
            return .damaged(damage)
        case .none:
            guard let whole else { return .torn(damage) }
            let next = expectedOffset + whole.likelySpan
            damage.byteCount = whole.size
            damage.nextOffset = LogOffset(next)
            seek(to: whole.position + whole.size, expecting: next)
            return .damaged(damage)
        case .gaveUp:
            damage.fault = .undecidable
            seek(to: size, expecting: expectedOffset)
            return .damaged(damage)
        }
    }

    private enum Successor {
        case confirms
        case contradicts
        case unknown
    }

    /// What the batch behind this one says about its offset.
    private func successor(of header: BatchHeader) throws(FileError) -> Successor {
        let probe = SegmentScanner(segment, store: store)
        probe.seek(to: header.position + header.size, expecting: expectedOffset)
        guard case .batch(let next, _) = try probe.check(anyOffset: true) else { return .unknown }
        return next.baseOffset > header.lastOffset ? .confirms : .contradicts
    }

    private enum Search {
        case found(BatchHeader)
        case none
        case gaveUp
    }

    /// Finds the first whole batch from here on whose offset can follow.
    private func findWhole(fileSize: Int) throws(FileError) -> Search {
        // Only bytes made to look like many large batches use this up; honest files need a small part of it.
        var budget = 1 << 32
        let offsets = expectedOffset...max(expectedOffset, segment.baseOffset + Int64(Int32.max))
        while try fill(BatchHeader.byteCount) {
            let candidate = BatchHeader(window(BatchHeader.byteCount), position: position)
            if offsets.contains(candidate.baseOffset),
                BatchHeader.fault(inHeader: window(BatchHeader.byteCount)) == nil,
                position + candidate.size <= fileSize, candidate.fits(segment)
            {
                budget -= candidate.size
                guard budget > 0 else { return .gaveUp }
                if case .batch(let header, _) = try check(anyOffset: true), try successor(of: header) != .contradicts {
                    return .found(header)
                }
            }
            start += 1
            position += 1
        }
        return .none
    }

    private func isZero() throws(FileError) -> Bool {
        let probe = SegmentScanner(segment, store: store)
        probe.seek(to: position, expecting: expectedOffset)
        while try probe.fill(1) {
            let bytes = probe.window(probe.filled - probe.start)
            guard bytes.allSatisfy({ $0 == 0 }) else { return false }
            probe.position += bytes.count
            probe.forget()
        }
        return true
    }

    // MARK: - Window

    private func window(_ count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: buffer[start..<start + count])
    }

    private func forget() {
        start = 0
        filled = 0
    }

    /// Makes `needed` bytes from the position on available; false if the file ends before.
    private func fill(_ needed: Int) throws(FileError) -> Bool {
        if filled - start >= needed { return true }
        let kept = filled - start
        let wanted = max(needed, kept + readAheadBytes)
        readAheadBytes = min(readAheadBytes * 2, Self.readAheadMax)
        if buffer.count < wanted {
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: wanted, alignment: 16)
            larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[start..<filled]))
            buffer.deallocate()
            buffer = larger
        } else if start > 0 {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[start..<filled]))
        }
        start = 0
        filled = kept
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer[kept..<max(wanted, kept)])
        filled += try store.read(segment.log, at: position + kept, into: room)
        return filled >= needed
    }
}
