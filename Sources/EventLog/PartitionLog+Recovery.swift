import Base
import FileStore

/// What opening a log found and did.
public struct RecoveryReport: Sendable, Equatable, CustomStringConvertible {
    /// Bytes of batches that a crash left unfinished at the end, and that were cut off. Never acknowledged.
    public var tornBytes = 0
    /// Why what was cut off was not a whole batch.
    public var tornFault: BatchFault?
    /// Damage in the last segment: it stays where it is.
    public var damage: [LogDamage] = []
    /// Whole batches that were read to find the end.
    public var batchesWalked = 0
    /// Segments whose indexes were missing or wrong, and were made anew from the batches.
    public var rebuiltIndexes: [String] = []

    public var description: String {
        var parts = ["\(batchesWalked) batches checked"]
        if let tornFault { parts.append("\(tornBytes) bytes of an unfinished batch cut off (\(tornFault))") }
        if !rebuiltIndexes.isEmpty { parts.append("indexes rebuilt: \(rebuiltIndexes.joined(separator: ", "))") }
        parts += damage.map(\.description)
        return parts.joined(separator: "; ")
    }
}

extension PartitionLog {
    /// Finds the end of the log. Reads the last segment from its last index entry on, and no other but to make a missing
    /// index anew; cuts a torn tail; leaves damage alone and goes on behind it.
    func recover(_ bases: [Int64]) throws(FileError) {
        let mark = try DurableMark.read(directory, store)
        guard let last = bases.last else {
            // No segment is left of a log that had some: its offsets are not given out again.
            let base = mark?.endOffset ?? 0
            if let mark { producers = mark.producers }
            if let lost = mark?.damage(segment, position: 0, endOffset: 0, torn: nil) { recovery.damage.append(lost) }
            try begin(at: base)
            endOffset = LogOffset(base)
            durableOffset = endOffset
            return
        }
        for base in bases.dropLast() { try rebuildIndexIfNeeded(Segment(baseOffset: base, directory: directory)) }
        segment = Segment(baseOffset: last, directory: directory)
        index = SegmentIndex(baseOffset: last)
        let fileSize = try store.size(of: segment.log) ?? 0
        let scanner = SegmentScanner(segment, store: store)
        // Without a mark, all that is known of the producers is in the batches.
        if let mark { producers = mark.producers } else { try walkProducers(bases.dropLast()) }
        if fileSize > 0, mark != nil { try startAtIndex(scanner, fileSize) }
        let torn = try walk(scanner, producersFrom: mark?.endOffset ?? 0)
        size = scanner.position
        if size > 0 { firstTimestamp = try timestamp(atStartOf: segment) }
        endOffset = LogOffset(scanner.expectedOffset)
        if let mark, let lost = mark.damage(segment, position: size, endOffset: endOffset.rawValue, torn: torn) {
            // What is missing or broken here was durable before, so it is damage and not a torn tail. New batches go to a
            // new segment, behind the offsets that are lost.
            recovery.damage.append(lost)
            try begin(at: mark.endOffset)
            endOffset = LogOffset(mark.endOffset)
        } else if fileSize > size {
            if let torn {
                recovery.tornBytes = fileSize - size
                recovery.tornFault = torn.fault
            }
            try store.truncate(segment.log, to: size)
            try store.sync(segment.log)
        }
        let isCleanlyClosed = mark.map { $0.baseOffset == last && $0.position == size } ?? false
        durableOffset = isCleanlyClosed ? endOffset : LogOffset(segment.baseOffset)
    }

    /// Begins at the last entry of an index that is there and true, else at the beginning.
    private func startAtIndex(_ scanner: SegmentScanner, _ fileSize: Int) throws(FileError) {
        guard var known = try SegmentIndex(segment, logSize: fileSize, store) else {
            if try store.size(of: segment.index) != nil { recovery.rebuiltIndexes.append(segment.index) }
            return
        }
        guard let entry = known.offsets.last else { return }
        if try scanner.start(at: entry) {
            known.prepareForWalk()
            index = known
        } else {
            recovery.rebuiltIndexes.append(segment.index)
        }
    }

    /// Reads to the end of the last segment and returns its torn tail, if it has one.
    private func walk(_ scanner: SegmentScanner, producersFrom offset: Int64) throws(FileError) -> LogDamage? {
        while true {
            switch try scanner.next() {
            case .batch(let header, _):
                index.add(header)
                if header.baseOffset >= offset { producers.add(header) }
                recovery.batchesWalked += 1
            case .damaged(let damage): recovery.damage.append(damage)
            case .torn(let damage): return damage
            case .end: return nil
            }
        }
    }

    /// The latest time of a segment's first batch. A damaged one counts as none: the segment then lives on to its size.
    private func timestamp(atStartOf segment: Segment) throws(FileError) -> Int64? {
        guard case .batch(let header, _) = try SegmentScanner(segment, store: store).next() else { return nil }
        return header.largestTimestamp
    }

    private func walkProducers(_ bases: some Sequence<Int64>) throws(FileError) {
        for base in bases {
            let scanner = SegmentScanner(Segment(baseOffset: base, directory: directory), store: store)
            walk: while true {
                switch try scanner.next() {
                case .batch(let header, _): producers.add(header)
                case .damaged: continue
                case .torn, .end: break walk
                }
            }
        }
    }

    /// Makes the index of a complete segment anew if a file is missing or has an impossible size.
    private func rebuildIndexIfNeeded(_ segment: Segment) throws(FileError) {
        let offsets = try store.size(of: segment.index)
        let times = try store.size(of: segment.timeIndex)
        if let offsets, let times, offsets % SegmentIndex.offsetPointBytes == 0,
            times % SegmentIndex.timePointBytes == 0, times > 0
        {
            return
        }
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
        try index.write(segment, store)
        recovery.rebuiltIndexes.append(segment.index)
    }
}
