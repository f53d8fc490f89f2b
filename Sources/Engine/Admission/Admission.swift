import Base
import Plan

/// Decides of every event whether it is accepted, late, a duplicate or rejected, and moves the partition's clock.
///
/// The clock is the largest accepted event time minus the allowed disorder; an event before it is late. An event too far
/// ahead of all others would make everything after it late, so it is rejected instead and does not move the clock; only
/// when ``confirmations`` such events follow one another without an ordinary one between them is the jump believed (a
/// recording with a real gap), and the clock moves.
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
        duplicates = DuplicateFilter(within: plan.duplicatesWithin)
    }

    /// Event time before which events are late, microseconds; nil before the first event.
    var clock: Int64? { newest.map { $0 - disorder } }

    mutating func judge(id: Text, time: Int64, offset: Int64) -> Verdict {
        if let newest, let maximumAhead, time - newest > maximumAhead {
            aheadInARow += 1
            if aheadInARow < Self.confirmations { return .ahead(by: time - newest) }
        }
        aheadInARow = 0
        if let first = duplicates.firstOffset(of: id, time: time) { return .duplicate(firstOffset: first) }
        if let clock, time < clock { return .late }
        newest = max(newest ?? time, time)
        duplicates.insert(id, time: time, offset: offset, clock: (newest ?? time) - disorder)
        return .accepted
    }
}
