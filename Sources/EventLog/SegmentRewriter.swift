import Base
import Bytes
import FileStore

/// Writes one segment anew with its damaged stretches replaced, and puts it in the place of the old one.
struct SegmentRewriter {
    private let segment: Segment
    private let scratch: Segment
    private let reasonHeader: String
    private let store: any FileStore

    /// The new file is made in the folder `scratch`, which must be on the same file system.
    init(_ segment: Segment, scratch: String, reasonHeader: String, store: any FileStore) {
        self.segment = segment
        self.scratch = Segment(baseOffset: segment.baseOffset, directory: scratch)
        self.reasonHeader = reasonHeader
        self.store = store
    }

    /// - Throws: ``LogError/damaged(_:)`` if the new file is not whole; the old one is still there then.
    func replace(_ entries: [RepairEntry]) throws(LogError) {
        try files { () throws(FileError) in try write(entries) }
        if entries.allSatisfy(\.changesSegment) { try check(entries) }
        try files { () throws(FileError) in
            try SegmentIndex.rebuilt(scratch, store).write(scratch, store)
            for file in [scratch.index, scratch.timeIndex] { try store.sync(file) }
            // The old indexes name places in the old file: they go first. One that is missing is made anew when it is
            // needed.
            for file in [segment.index, segment.timeIndex] { try store.remove(file) }
            try store.syncDirectory(segment.directory)
            try store.rename(scratch.log, to: segment.log)
            try store.syncDirectory(segment.directory)
            try store.rename(scratch.index, to: segment.index)
            try store.rename(scratch.timeIndex, to: segment.timeIndex)
            try store.syncDirectory(segment.directory)
        }
    }

    private func write(_ entries: [RepairEntry]) throws(FileError) {
        for file in [scratch.log, scratch.index, scratch.timeIndex] { try store.remove(file) }
        try store.write([], to: scratch.log, at: 0)
        let size = try store.size(of: segment.log) ?? 0
        var from = 0
        var end = 0
        for entry in entries where entry.changesSegment {
            let damage = entry.damage
            end += try store.copy(segment.log, from..<damage.position, to: scratch.log, at: end)
            from = damage.position + damage.byteCount
            if entry.outcome == .restored {
                try store.write(entry.restored, to: scratch.log, at: end)
                end += entry.restored.count
            } else {
                let start = end
                end = try writeLost(entry, at: start)
            }
        }
        _ = try store.copy(segment.log, from..<max(from, size), to: scratch.log, at: end)
        try store.sync(scratch.log)
    }

    /// Returns where the batches end.
    private func writeLost(_ entry: RepairEntry, at position: Int) throws(FileError) -> Int {
        guard let next = entry.damage.nextOffset else { return position }
        let kept = entry.damage.byteCount > 0 ? entry.quarantine + ".bad" : "nothing of them was there"
        let range = LostRange(offset: entry.damage.offset, nextOffset: next, quarantine: kept)
        let reason = RecordHeader(reasonHeader, Array((LostRange.reason + entry.damage.words).utf8))
        let time = entry.timestampMilliseconds ?? 0
        var end = position
        try LostRecords.batches(for: range, timestampMilliseconds: time, reason: reason) {
            (batch: UnsafeRawBufferPointer) throws(FileError) in
            try store.write(batch, to: scratch.log, at: end)
            end += batch.count
        }
        return end
    }

    /// The new file must be whole, before the old one goes.
    private func check(_ entries: [RepairEntry]) throws(LogError) {
        let scanner = SegmentScanner(scratch, store: store)
        while true {
            switch try files({ () throws(FileError) in try scanner.next() }) {
            case .batch: continue
            // What was never acknowledged is copied as it is.
            case .damaged(let damage):
                guard let next = entries.last?.damage.nextOffset, damage.offset >= next else { throw .damaged(damage) }
                return
            case .torn, .end:
                guard let next = entries.last?.damage.nextOffset, scanner.expectedOffset < next.rawValue else { return }
                throw .damaged(
                    LogDamage(
                        file: scratch.log,
                        position: scanner.position,
                        byteCount: 0,
                        offset: LogOffset(scanner.expectedOffset),
                        nextOffset: next,
                        fault: .missing(before: next)
                    )
                )
            }
        }
    }
}

extension RepairEntry {
    fileprivate var outcomeName: String {
        switch outcome {
        case .lost: "lost"
        case .restored: "restored"
        case .accepted: "accepted"
        case .refused: "refused"
        }
    }
}

/// Keeps damaged bytes and a list of what they were.
struct Quarantine {
    let directory: String
    let store: any FileStore

    /// Copies the entry's bytes, durably, and writes beside them what is lost. Doing it again changes nothing.
    func keep(_ entry: RepairEntry) throws(FileError) {
        let damage = entry.damage
        if damage.byteCount > 0 {
            let scratch = entry.quarantine + ".new"
            try store.remove(scratch)
            try store.write([], to: scratch, at: 0)
            let range = damage.position..<damage.position + damage.byteCount
            _ = try store.copy(damage.file, range, to: scratch, at: 0)
            try store.sync(scratch)
            try store.rename(scratch, to: entry.quarantine + ".bad")
            try store.syncDirectory(directory)
        }
        let last = damage.nextOffset.map { Double($0.rawValue - 1) } ?? -1
        var json: [UInt8] = []
        JSONValue.object([
            .init("file", .text(damage.file)), .init("byte", .number(Double(damage.position))),
            .init("bytes", .number(Double(damage.byteCount))),
            .init("first_offset", .number(Double(damage.offset.rawValue))), .init("last_offset", .number(last)),
            .init("records", .number(Double(entry.recordCount))), .init("fault", .text(damage.words)),
            .init("outcome", .text(entry.outcomeName)),
        ]).write(into: &json)
        json.append(0x0A)
        try store.replace(entry.quarantine + ".json", with: json)
    }
}

extension Quarantine {
    /// Takes what has a segment's name and is none out of the log, durably.
    func move(_ entry: RepairEntry) throws(FileError) {
        try store.rename(entry.damage.file, to: entry.quarantine + ".bad")
        for folder in [directory, directoryName(of: entry.damage.file)] { try store.syncDirectory(folder) }
    }
}

extension FileStore {
    /// Copies a range of one file into another, and returns how many bytes: fewer if the file ends first.
    fileprivate func copy(
        _ source: String,
        _ range: Range<Int>,
        to target: String,
        at position: Int
    ) throws(FileError) -> Int {
        let piece = 1 << 20
        var bytes = [UInt8](repeating: 0, count: min(piece, range.count))
        var done = 0
        while done < range.count {
            let count = min(bytes.count, range.count - done)
            var span = bytes.mutableSpan
            let read = try span.withUnsafeMutableBytes { (buffer: UnsafeMutableRawBufferPointer) throws(FileError) in
                let window = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
                let read = try self.read(source, at: range.lowerBound + done, into: window)
                try write(UnsafeRawBufferPointer(rebasing: buffer[..<read]), to: target, at: position + done)
                return read
            }
            done += read
            if read < count { break }
        }
        return done
    }
}
