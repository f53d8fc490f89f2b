import Base
public import FileStore

/// A damaged stretch of a log and what a repair makes of it.
public struct RepairEntry: Sendable, Equatable {
    public enum Outcome: Sendable, Equatable {
        /// The records are lost: batches that say so take their place.
        case lost
        /// Only fields that the checksum does not cover were damaged, and the rest proves what they were.
        case restored
        /// It is left as it is, for this reason.
        case refused(String)
    }

    public var damage: LogDamage
    public var outcome: Outcome
    /// Where the damaged bytes are kept, without the ending: `.bad` the bytes, `.json` what they were. Unique in a data
    /// directory, because an offset is lost once.
    public var quarantine: String
    /// The time that records which stand for lost ones get: that of their neighbours.
    var timestampMilliseconds: Int64?
    /// The batch as it was, if it can be restored.
    var restored: [UInt8] = []

    /// How many records the stretch held; 0 if that is not known.
    public var recordCount: Int64 {
        damage.nextOffset.map { max(0, $0.rawValue - damage.offset.rawValue) } ?? 0
    }

    public var isRefused: Bool {
        if case .refused = outcome { true } else { false }
    }
}

/// Makes a damaged partition readable again without losing, moving or renumbering a whole batch.
///
/// Each damaged stretch is copied aside; then its segment is written anew, with batches of empty records, marked as lost, in
/// the place of the stretch, and takes the old one's name. A crash at any moment leaves a log that can be repaired again,
/// with the same result. Whoever repairs a log holds the directory's lock.
public struct LogRepair {
    private let directory: String
    private let quarantine: String
    private let reasonHeader: String
    private let store: any FileStore

    /// Damaged bytes are copied to the folder `quarantine`, in one folder a partition. A header named `reasonHeader` tells
    /// readers why a record has no value.
    public init(directory: String, quarantine: String, reasonHeader: String, store: any FileStore) {
        self.directory = directory
        let name = directory.split(separator: "/").last.map { String($0) } ?? directory
        self.quarantine = quarantine + "/" + name
        self.reasonHeader = reasonHeader
        self.store = store
    }

    /// What is damaged, and what ``run()`` would make of it. Changes nothing.
    public func plan() throws(LogError) -> [RepairEntry] {
        try survey().entries
    }

    /// Repairs what can be repaired and returns what there was.
    public func run() throws(LogError) -> [RepairEntry] {
        var survey = try survey()
        guard !survey.entries.isEmpty else { return [] }
        try files { () throws(FileError) in try store.createDirectory(quarantine) }
        if let end = survey.lostEnd {
            // The offsets of a lost tail are never given out again: what follows begins in a segment behind them. From then
            // on the lost tail is a damaged stretch like any other.
            try files { () throws(FileError) in
                for base in survey.isEmpty ? [0, end] : [end] {
                    try store.write([], to: Segment(baseOffset: base, directory: directory).log, at: 0)
                }
                try store.syncDirectory(directory)
            }
            survey = try self.survey()
        }
        let quarantined = Quarantine(directory: quarantine, store: store)
        for entry in survey.entries where !entry.isRefused {
            try files { () throws(FileError) in try quarantined.keep(entry) }
        }
        for base in survey.bases {
            let segment = Segment(baseOffset: base, directory: directory)
            let entries = survey.entries.filter { $0.damage.file == segment.log }
            guard entries.contains(where: { !$0.isRefused }) else { continue }
            let rewriter = SegmentRewriter(segment, scratch: quarantine, reasonHeader: reasonHeader, store: store)
            try rewriter.replace(entries)
        }
        return survey.entries
    }

    // MARK: - What is damaged

    private struct Survey {
        var entries: [RepairEntry] = []
        var bases: [Int64] = []
        /// Where the log was durable, if it ends before.
        var lostEnd: Int64?
        var isEmpty: Bool { bases.isEmpty }
    }

    private func survey() throws(LogError) -> Survey {
        let walk = try LogWalk(directory: directory, store: store)
        let batch = RecordBatch()
        var found = Survey()
        var end: Int64 = 0
        var time: Int64?
        while let item = try walk.next(into: batch) {
            switch item {
            case .segmentBegan(_, _, let base, _): found.bases.append(base)
            case .segmentEnded(let offset): end = offset
            case .torn: break
            case .batch(let summary):
                for index in found.entries.indices where found.entries[index].timestampMilliseconds == nil {
                    found.entries[index].timestampMilliseconds = summary.firstTimestampMilliseconds
                }
                if summary.recordCount > 0 { time = summary.largestTimestampMilliseconds }
            case .damaged(let damage):
                var entry = try files { () throws(FileError) in try judge(damage) }
                entry.timestampMilliseconds = time
                // What is expected here rests on what came before it in the file.
                if let before = found.entries.last, before.isRefused, before.damage.file == damage.file {
                    entry.outcome = before.outcome
                }
                found.entries.append(entry)
            }
        }
        let isUndecided = found.entries.last.map { $0.damage.fault == .undecidable } ?? false
        if let durable = walk.durableOffset, durable > end, !isUndecided { found.lostEnd = durable }
        try dropCopies(&found.entries)
        return found
    }

    private func judge(_ damage: LogDamage) throws(FileError) -> RepairEntry {
        let segment = damage.file.split(separator: "/").last?.dropLast(4) ?? ""
        var entry = RepairEntry(
            damage: damage,
            outcome: .lost,
            quarantine: "\(quarantine)/\(segment)-\(damage.position)-\(damage.offset)"
        )
        guard let next = damage.nextOffset, damage.fault != .undecidable else {
            entry.outcome = .refused("where it ends cannot be told: restore \(damage.file) from a copy")
            return entry
        }
        let count = next.rawValue - damage.offset.rawValue
        guard count >= 0, count <= LostRecords.countMax else {
            entry.outcome = .refused(
                "offset \(next) cannot follow \(damage.offset): restore \(damage.file) from a copy"
            )
            return entry
        }
        if let batch = try restored(damage, before: next) {
            entry.outcome = .restored
            entry.restored = batch
        }
        return entry
    }

    /// The one batch that the stretch was, if its checksum is right once the fields outside of the checksum are what they
    /// must have been: offset, length and version.
    private func restored(_ damage: LogDamage, before next: LogOffset) throws(FileError) -> [UInt8]? {
        guard (BatchHeader.byteCount...LogLimits.batchBytes).contains(damage.byteCount) else { return nil }
        var bytes = [UInt8](repeating: 0, count: damage.byteCount)
        var span = bytes.mutableSpan
        let count = try span.withUnsafeMutableBytes { (buffer: UnsafeMutableRawBufferPointer) throws(FileError) in
            try store.read(damage.file, at: damage.position, into: buffer)
        }
        guard count == bytes.count else { return nil }
        return bytes.withUnsafeMutableBytes { buffer in
            let length = Int32(damage.byteCount - BatchHeader.prefixBytes)
            buffer.storeBytes(of: damage.offset.rawValue.bigEndian, toByteOffset: 0, as: Int64.self)
            buffer.storeBytes(of: length.bigEndian, toByteOffset: 8, as: Int32.self)
            buffer[16] = 2
            let batch = UnsafeRawBufferPointer(buffer)
            let header = BatchHeader(batch, position: 0)
            guard header.fault(in: batch) == nil, header.lastOffset == next.rawValue - 1,
                RecordBatch().decode(batch, header) == nil
            else { return nil }
            return Array(batch)
        }
    }

    /// A copy of another batch of the log, which a misdirected write left here, has a right checksum, too: it is not what was
    /// at this place.
    private func dropCopies(_ entries: inout [RepairEntry]) throws(LogError) {
        guard entries.contains(where: { $0.outcome == .restored }) else { return }
        let walk = try LogWalk(directory: directory, store: store)
        while let item = try walk.next() {
            guard case .batch(let summary) = item else { continue }
            for index in entries.indices where entries[index].outcome == .restored {
                let checksum = entries[index].restored.withUnsafeBytes { BatchHeader($0, position: 0).checksum }
                if summary.checksum == checksum {
                    entries[index].outcome = .lost
                    entries[index].restored = []
                }
            }
        }
    }
}
