import Base
import Bytes
import Plan
import StateStore

/// Decides of every event whether it is accepted, late, a duplicate or rejected, and moves the partition's clock.
///
/// The clock is the largest accepted event time minus the allowed disorder; an event before it is late. An event too far
/// ahead of all others would make everything after it late: the ``EventClock`` has refused it before it came here. In a log
/// that was written without one, or for a larger limit, it is rejected here and does not move the clock; only when
/// ``confirmations`` such events follow one another without an ordinary one between them is the jump believed.
struct Admission: ~Copyable {
    private let disorder: Int64
    private let maximumAhead: Int64?
    private var newest: Int64?
    private var aheadInARow = 0

    /// So many events in a row beyond the limit are a gap in the recording, not broken clocks.
    static let confirmations = 10
    private var duplicates: DuplicateFilter

    enum Verdict {
        case accepted
        case late
        case duplicate(firstOffset: Int64)
        case ahead(by: Int64)
    }

    init(plan: PipelinePlan) {
        disorder = plan.disorder
        maximumAhead = plan.maximumAhead
        duplicates = DuplicateFilter(within: plan.duplicatesWithin, disorder: plan.disorder)
    }

    /// The newest accepted event time, microseconds; nil before the first event.
    var newestTime: Int64? { newest }

    /// Event time before which events are late, microseconds; nil before the first event.
    var clock: Int64? { newest.map { $0 - disorder } }

    /// `isJudged` says whether the ``EventClock`` has seen the event.
    mutating func judge(id: Text, time: Int64, offset: Int64, isJudged: Bool) -> Verdict {
        if !isJudged, let newest, let maximumAhead, time.distance(above: newest) > maximumAhead {
            aheadInARow += 1
            if aheadInARow < Self.confirmations { return .ahead(by: time - newest) }
        }
        aheadInARow = 0
        if let clock, let first = duplicates.firstOffset(of: id, time: time, clock: clock) {
            return .duplicate(firstOffset: first)
        }
        if let clock, time < clock { return .late }
        newest = max(newest ?? time, time)
        duplicates.insert(id, time: time, offset: offset, clock: (newest ?? time) - disorder)
        return .accepted
    }

    // MARK: - Checkpoints

    /// Bytes of memory that the remembered ids take.
    var byteCount: Int { duplicates.byteCount }

    /// Bytes of an image of the ids that were remembered since the last one, about.
    var changedBytes: Int { duplicates.changedBytes }

    /// From now on ids that are not in memory are looked for in the last checkpoint.
    mutating func useCold(_ store: CheckpointStore) { duplicates.useCold(store) }

    /// What kept an id from being looked for; nil if nothing did.
    var coldFailure: StateError? { duplicates.coldFailure }

    /// Gives up the older ids if all take more than `limit` bytes and the last checkpoint holds them. No image may be being
    /// filled.
    mutating func spill(limit: Int) { duplicates.spill(limit: limit) }

    /// How long an id matters, microseconds.
    var horizon: Int64 { duplicates.within }

    /// Begins to fill an image; what is small is in it at once. The last one must be whole.
    mutating func beginImage(_ image: StateImage, all: Bool) {
        duplicates.beginImage(image, all: all)
        var extra = ByteWriter(capacity: 24)
        extra.append(newest == nil ? 0 : 1)
        extra.appendLittleEndian(newest ?? 0)
        extra.appendLittleEndian(Int64(aheadInARow))
        image.extra += Array(extra.bytes)
    }

    /// Copies on, until the image has about `limit` bytes. True once it is whole.
    mutating func fillImage(upTo limit: Int) -> Bool { duplicates.fillImage(upTo: limit) }

    /// Reads what ``beginImage(_:all:)`` put into the extra.
    mutating func load(_ extra: inout ByteReader) throws(ByteError) {
        let isThere = try extra.read(count: 1)[0] == 1
        let time = try extra.readLittleEndian(Int64.self)
        newest = isThere ? time : nil
        aheadInARow = Int(try extra.readLittleEndian(Int64.self))
    }

    mutating func load(_ record: StateRecord) -> Bool { duplicates.load(record, clock: clock ?? 0) }
}
