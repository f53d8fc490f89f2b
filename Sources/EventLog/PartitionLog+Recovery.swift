import Base
import FileStore

/// What opening a log found and did.
public struct RecoveryReport: Sendable, Equatable, CustomStringConvertible {
    /// Bytes of batches that a crash left unfinished at the end, and that were cut off. Never acknowledged.
    public var tornBytes = 0
    /// Why what was cut off was not a whole batch.
    public var tornFault: BatchFault?
    /// The file that what was cut off has been copied to.
    public var setAside: String?
    /// Damage in the last segment: it stays where it is.
    public var damage: [LogDamage] = []
    /// Whole batches that were read to find the end.
    public var batchesWalked = 0
    /// Segments whose indexes were missing or wrong, and were made anew from the batches.
    public var rebuiltIndexes: [String] = []

    public var description: String {
        var parts = ["\(batchesWalked) batches checked"]
        if let tornFault { parts.append("\(tornBytes) bytes of an unfinished batch cut off (\(tornFault))") }
        if let setAside { parts.append("kept in \(setAside)") }
        if !rebuiltIndexes.isEmpty { parts.append("indexes rebuilt: \(rebuiltIndexes.joined(separator: ", "))") }
        parts += damage.map(\.description)
        return parts.joined(separator: "; ")
    }
}

extension PartitionLog {
    /// Finds the end of the log. Reads the last segment from its last index entry on, and no other but to make a
    /// missing index anew.
    ///
    /// What is not whole behind `durable` was never acknowledged: without a sync, a power cut leaves any part of it,
    /// holes and whole batches behind them included. It is set aside and cut from the first hole on. What is not whole
    /// before `durable` is damage: it stays, and the log goes on behind it.
    func recover(_ bases: [Int64], durable: Int64) throws(FileError) {
        let noted = try DurableMark.read(directory, store)
        var mark = noted
        // Of a segment above what the mark knows of, only the offset is known.
        if durable > mark?.endOffset ?? 0 { mark = DurableMark(baseOffset: -1, position: 0, endOffset: durable) }
        // A name that an earlier, failed run left unsynced would be lost with everything that is yet to be written
        // there.
        try store.syncDirectory(directory)
        guard let last = bases.last else { return try begin(at: 0) }
        for (base, next) in zip(bases, bases.dropFirst()) {
            let segment = Segment(baseOffset: base, directory: directory)
            try rebuildIndexIfNeeded(segment)
            if let hole = try hole(behind: segment, before: next) { recovery.damage.append(hole) }
        }
        segment = Segment(baseOffset: last, directory: directory)
        index = SegmentIndex(baseOffset: last)
        let fileSize = try segment.size(store) ?? 0
        let scanner = SegmentScanner(segment, store: store)
        // Without a mark of a whole segment, all that is known of the producers is in the batches.
        let sealed = try DurableMark.readSealed(directory, store)
        if let sealed { producers = sealed.producers } else { try walkProducers(bases.dropLast()) }
        if fileSize > 0, sealed != nil { try startAtIndex(scanner, fileSize) }
        let torn = try walk(scanner, durable: mark?.endOffset ?? 0, producersFrom: sealed?.endOffset ?? 0)
        size = torn?.position ?? scanner.position
        if size > 0 { firstTimestamp = try timestamp(atStartOf: segment) }
        endOffset = torn?.offset ?? LogOffset(scanner.expectedOffset)
        if let mark, let lost = mark.damage(segment, position: size, endOffset: endOffset.rawValue, torn: torn) {
            // What is missing or broken here was durable before, so it is damage and not a torn tail. New batches go to
            // a new segment, behind the offsets that are lost.
            recovery.damage.append(lost)
            guard lost.span <= LostRecords.countMax else { return }
            try begin(at: mark.endOffset)
            endOffset = LogOffset(mark.endOffset)
        } else if fileSize > size {
            if let torn {
                recovery.tornBytes = fileSize - size
                recovery.tornFault = torn.fault
                recovery.setAside = try setAside(size..<fileSize)
            }
            try store.truncate(segment.log, to: size)
            try store.sync(segment.log)
        }
        if segment.baseOffset == last {
            let known = noted.map { $0.baseOffset == last ? min($0.position, size) : 0 } ?? 0
            // A sync that failed may have left batches in memory only, marked as written: no later sync would write
            // them.
            _ = try copy(known..<size, to: segment.log, at: known)
        }
        let isCleanlyClosed = mark.map { $0.baseOffset == last && $0.position == size } ?? false
        durableOffset = isCleanlyClosed ? endOffset : LogOffset(segment.baseOffset)
    }

    /// What is missing between a complete segment and the next one; nil if nothing is. Reads from the last index entry
    /// on.
    private func hole(behind segment: Segment, before next: Int64) throws(FileError) -> LogDamage? {
        _ = try segment.size(store)
        let scanner = SegmentScanner(segment, store: store)
        if let entry = try IndexFiles(segment, store).offsetPoint(for: next - 1) { _ = try scanner.start(at: entry) }
        while true {
            switch try scanner.next() {
            case .batch: continue
            case .damaged, .torn: return nil  // Whoever reads there is told; nothing is missing behind it.
            case .end: return scanner.expectedOffset < next ? LogDamage(behind: scanner, before: next) : nil
            }
        }
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
    private func walk(
        _ scanner: SegmentScanner,
        durable: Int64,
        producersFrom offset: Int64
    ) throws(FileError) -> LogDamage? {
        while true {
            switch try scanner.next() {
            case .batch(let header, _):
                index.add(header)
                if header.baseOffset >= offset { producers.add(header) }
                recovery.batchesWalked += 1
            case .damaged(let damage):
                if damage.offset.rawValue >= durable { return damage }
                recovery.damage.append(damage)
            case .torn(let damage): return damage
            case .end: return nil
            }
        }
    }

    /// Copies a part of the last segment into the folder `lost+found`, and returns the copy's name.
    private func setAside(_ range: Range<Int>) throws(FileError) -> String {
        let folder = directory + "/lost+found"
        try store.createDirectory(folder)
        let name = "\(folder)/\(segment.baseOffset)-\(range.lowerBound)-\(endOffset.rawValue)"
        try store.truncate(name, to: try copy(range, to: name, at: 0))
        return name
    }

    /// Copies a part of the last segment to a place in a file, and returns how many bytes there were.
    private func copy(_ range: Range<Int>, to name: String, at target: Int) throws(FileError) -> Int {
        var done = 0
        var buffer = [UInt8](repeating: 0, count: min(range.count, 1 << 20))
        while done < range.count {
            let wanted = min(buffer.count, range.count - done)
            var span = buffer.mutableSpan
            let count = try span.withUnsafeMutableBytes { (bytes: UnsafeMutableRawBufferPointer) throws(FileError) in
                let part = UnsafeMutableRawBufferPointer(rebasing: bytes[..<wanted])
                let count = try store.read(segment.log, at: range.lowerBound + done, into: part)
                try store.write(UnsafeRawBufferPointer(rebasing: part[..<count]), to: name, at: target + done)
                return count
            }
            guard count > 0 else { break }
            done += count
        }
        return done
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
        try SegmentIndex.rebuilt(segment, store).write(segment, store)
        recovery.rebuiltIndexes.append(segment.index)
    }
}
