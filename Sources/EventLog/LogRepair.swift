import Base
public import FileStore

/// A damaged stretch of a log and what a repair makes of it.
public struct RepairEntry: Sendable, Equatable {
    public enum Outcome: Sendable, Equatable {
        /// The records are lost: batches that say so take their place.
        case lost
        /// Only fields that the checksum does not cover were damaged, and the rest proves what they were.
        case restored
        /// More than can be marked record by record, or more than the log can have held: what says so is put right, for
        /// this reason.
        case accepted(String)
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
    public var recordCount: Int64 { damage.span }

    public var isRefused: Bool {
        if case .refused = outcome { true } else { false }
    }

    public var isAccepted: Bool {
        if case .accepted = outcome { true } else { false }
    }

    /// Whether a segment is written anew for it.
    var changesSegment: Bool { outcome == .lost || outcome == .restored }
}

/// Makes a damaged partition readable again without losing, moving or renumbering a whole batch.
///
/// Each damaged stretch is copied aside; then its segment is written anew, with batches of empty records, marked as
/// lost, in the place of the stretch, and takes the old one's name. A crash at any moment leaves a log that can be
/// repaired again, with the same result. Whoever repairs a log holds the directory's lock.
public struct LogRepair {
    private let directory: String
    private let quarantine: String
    private let reasonHeader: String
    private let durable: LogOffset
    private let store: any FileStore

    /// Damaged bytes are copied to the folder `quarantine`, in one folder a partition. A header named `reasonHeader`
    /// tells readers why a record has no value. `durable` is an offset that somebody has built on: offsets before it
    /// are never given out again.
    public init(
        directory: String,
        quarantine: String,
        reasonHeader: String,
        store: any FileStore,
        durable: LogOffset = LogOffset(0)
    ) {
        self.directory = directory
        self.durable = durable
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
        let quarantined = Quarantine(directory: quarantine, store: store)
        // What is told of these is all that there will ever be: no bytes are left of them.
        let told = survey.entries.filter { $0.isAccepted || $0.damage.isLoss && $0.recordCount == 0 }
        for entry in told {
            try files { () throws(FileError) in try quarantined.keep(entry) }
            if entry.isAccepted { try accept(entry) }
        }
        if !survey.added.isEmpty {
            // The offsets of a lost tail are never given out again: what follows begins in a segment behind them. From
            // then on a lost tail or beginning is a damaged stretch like any other.
            try files { () throws(FileError) in
                try store.createDirectory(directory)
                for base in survey.added {
                    try store.write([], to: Segment(baseOffset: base, directory: directory).log, at: 0)
                }
                try store.syncDirectory(directory)
            }
        }
        if !survey.added.isEmpty || !told.isEmpty { survey = try self.survey() }
        for entry in survey.entries where !entry.isRefused {
            try files { () throws(FileError) in
                try quarantined.keep(entry)
                if case .unfit = entry.damage.fault { try quarantined.move(entry) }
            }
        }
        for base in survey.bases {
            let segment = Segment(baseOffset: base, directory: directory)
            let entries = survey.entries.filter { $0.damage.file == segment.log }
            guard entries.contains(where: \.changesSegment) else { continue }
            let rewriter = SegmentRewriter(segment, scratch: quarantine, reasonHeader: reasonHeader, store: store)
            try rewriter.replace(entries)
        }
        return told + survey.entries
    }

    /// Puts right what says that the log holds more than it can: the manifest's first offset, or the marks of its end.
    private func accept(_ entry: RepairEntry) throws(LogError) {
        let damage = entry.damage
        guard let next = damage.nextOffset else { return }
        if damage.isLoss {
            return try LogManifest.change(directory, store) {
                LogManifest.Bounds(first: next, end: max(next, $0?.end ?? next))
            }
        }
        try files { () throws(FileError) in
            for file in [DurableMark.file(directory), DurableMark.notesFile(directory)] {
                guard try store.size(of: file) != nil else { continue }
                try store.rename(file, to: entry.quarantine + "-" + file.dropFirst(directory.utf8.count + 1))
                for folder in [quarantine, directory] { try store.syncDirectory(folder) }
            }
        }
        try LogManifest.change(directory, store) {
            LogManifest.Bounds(first: min($0?.first ?? damage.offset, damage.offset), end: damage.offset)
        }
    }

    // MARK: - What is damaged

    private struct Survey {
        var entries: [RepairEntry] = []
        var bases: [Int64] = []
        /// Segments that are to be there: the one that the log begins with, and one behind a lost end.
        var added: [Int64] = []
    }

    private func survey() throws(LogError) -> Survey {
        let walk = try LogWalk(directory: directory, store: store, durable: durable)
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
        if let gone = found.entries.first, gone.damage.isLoss, !gone.isAccepted {
            found.added.append(gone.damage.offset.rawValue)
        }
        let isUndecided = found.entries.last.map { $0.damage.fault == .undecidable } ?? false
        if let durable = walk.durableOffset, durable > end, !isUndecided, let last = found.entries.last {
            let isFar = last.damage.span > LostRecords.countMax && last.damage.nextOffset == LogOffset(durable)
            if last.isRefused, isFar {
                let words = "the log was never that long: the mark that says so is set aside"
                found.entries[found.entries.count - 1].outcome = .accepted(words)
            } else {
                found.added.append(durable)
            }
        }
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
        switch damage.fault {
        // Nobody has built on it: the log goes on where it was meant to begin, or behind what is before.
        case .gone where damage.nextOffset == nil, .unfit where damage.nextOffset == nil: return entry
        case .gone where damage.span > LostRecords.countMax:
            entry.outcome = .accepted("too many to be marked one by one: the log begins behind them now")
            return entry
        default: break
        }
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

    /// The one batch that the stretch was, if its checksum is right once the fields outside of the checksum are what
    /// they must have been: offset, length and version.
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

    /// A copy of another batch of the log, which a misdirected write left here, has a right checksum, too: it is not
    /// what was at this place.
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
