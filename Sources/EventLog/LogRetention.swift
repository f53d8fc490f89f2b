public import Base
public import FileStore

/// Which of the oldest segments may go: a log is shortened by whole segments, from its beginning, never by a part of
/// one.
public struct RetentionPolicy: Sendable, Equatable {
    /// What all partitions' segments may take together; nil = any amount.
    public var bytes: Int?
    /// How much older than the newest event of the log a segment's newest event may be; nil = any age. The wall clock
    /// has no say: a recording from last year is as young as it was.
    public var ageMilliseconds: Int64?

    public init(bytes: Int? = nil, ageMilliseconds: Int64? = nil) {
        self.bytes = bytes
        self.ageMilliseconds = ageMilliseconds
    }
}

/// One segment as retention sees it.
public struct RetentionSegment: Sendable, Equatable {
    public var directory: String
    public var file: String
    public var baseOffset: Int64
    public var endOffset: Int64
    /// Of the segment and its indexes.
    public var bytes: Int
    /// Of its newest event; nil if it holds none.
    public var newestMilliseconds: Int64?
    /// Something in it is damaged, so that its newest event may not be the newest there was.
    public var isDamaged: Bool
}

/// Removes whole old segments of a log. Whoever does that holds the directory's lock.
public struct LogRetention {
    /// A segment that goes, or that would go but is still needed.
    public struct Decision: Sendable, Equatable {
        public var segment: RetentionSegment
        /// Why it stays; nil if it goes.
        public var keptBecause: String?
    }

    private let store: any FileStore

    public init(store: any FileStore) {
        self.store = store
    }

    /// What the policy asks for, oldest first in each partition. A segment stays if it holds an offset at or behind
    /// `needed` for its directory, or damage, and with it everything behind it; a partition's last segment always
    /// stays.
    ///
    /// Directories that `needed` does not name are needed whole; nil forces the policy through.
    public func plan(
        _ directories: [String],
        policy: RetentionPolicy,
        needed: [String: LogOffset]?
    ) throws(LogError) -> [Decision] {
        var queues: [[RetentionSegment]] = []
        for directory in directories { queues.append(try segments(of: directory)) }
        let newest = queues.joined().compactMap(\.newestMilliseconds).max()
        var total = queues.joined().reduce(0) { $0 + $1.bytes }
        var decisions: [Decision] = []
        while let index = oldest(queues) {
            let segment = queues[index].removeFirst()
            let isOverSize = policy.bytes.map { total > $0 } ?? false
            let isOverAge = isOld(segment, newest, policy)
            guard isOverSize || isOverAge else {
                // What is behind it in this partition is kept, too: a log has no holes.
                queues[index] = []
                continue
            }
            let reason = needed.flatMap { Self.reason(to: segment, keep: $0[segment.directory]) }
            decisions.append(Decision(segment: segment, keptBecause: reason))
            if reason == nil { total -= segment.bytes } else { queues[index] = [] }
        }
        return decisions
    }

    /// Removes a partition's oldest segment, durably: first the manifest says that the log begins behind it. A crash at
    /// any moment leaves a log without a hole that begins where it is meant to, or earlier.
    public func remove(_ segment: RetentionSegment) throws(LogError) {
        let bases = try files { () throws(FileError) in try Segment.bases(segment.directory, store) }
        guard let next = bases.first(where: { $0 > segment.baseOffset }) else { return }
        try LogManifest.change(segment.directory, store) { known in
            LogManifest.Bounds(
                first: max(known?.first ?? LogOffset(0), LogOffset(next)),
                end: known?.end ?? LogOffset(next)
            )
        }
        try files { () throws(FileError) in
            let old = Segment(baseOffset: segment.baseOffset, directory: segment.directory)
            for file in [old.log, old.index, old.timeIndex] { try store.remove(file) }
            try store.syncDirectory(segment.directory)
        }
    }

    private static func reason(to segment: RetentionSegment, keep needed: LogOffset?) -> String? {
        if segment.isDamaged { return "it is damaged: run `patternalarm log repair` first" }
        guard let needed else { return "no consumer has said that it is done with it" }
        guard needed.rawValue < segment.endOffset else { return nil }
        return "it is needed from offset \(needed) on"
    }

    private func isOld(_ segment: RetentionSegment, _ newest: Int64?, _ policy: RetentionPolicy) -> Bool {
        guard let age = policy.ageMilliseconds, let newest else { return false }
        guard let own = segment.newestMilliseconds else { return true }
        let (difference, isHuge) = newest.subtractingReportingOverflow(own)
        return isHuge || difference > age
    }

    /// The partition whose first segment is the oldest; a partition's last segment does not take part.
    private func oldest(_ queues: [[RetentionSegment]]) -> Int? {
        queues.indices.filter { queues[$0].count > 1 }.min {
            (queues[$0][0].newestMilliseconds ?? .min, $0) < (queues[$1][0].newestMilliseconds ?? .min, $1)
        }
    }

    private func segments(of directory: String) throws(LogError) -> [RetentionSegment] {
        let walk = try LogWalk(directory: directory, store: store)
        var found: [RetentionSegment] = []
        var isCut = false
        while let item = try walk.next() {
            switch item {
            case .segmentBegan(let file, let byteCount, let base, _):
                let segment = Segment(baseOffset: base, directory: directory)
                defer { isCut = false }
                let indexes = try files { () throws(FileError) in
                    try (store.size(of: segment.index) ?? 0) + (store.size(of: segment.timeIndex) ?? 0)
                }
                found.append(
                    RetentionSegment(
                        directory: directory,
                        file: file,
                        baseOffset: base,
                        endOffset: base,
                        bytes: byteCount + indexes,
                        isDamaged: isCut
                    )
                )
            case .segmentEnded(let end): found[found.count - 1].endOffset = end
            case .batch(let batch):
                guard batch.recordCount > 0 else { continue }
                let newest = found[found.count - 1].newestMilliseconds ?? .min
                found[found.count - 1].newestMilliseconds = max(newest, batch.largestTimestampMilliseconds)
            case .damaged: if found.isEmpty { isCut = true } else { found[found.count - 1].isDamaged = true }
            case .torn: break
            }
        }
        return found
    }
}
