import Base
import Bytes
import Plan
import State

/// Decides of every event whether it is accepted, late, a duplicate or rejected, and moves the partition's clock.
///
/// The clock is the largest accepted event time minus the allowed disorder; an event before it is late. An event too
/// far ahead of all others would make everything after it late: the ``EventClock`` has refused it before it came here.
/// In a log that was written without one, or for a larger limit, it is rejected here and does not move the clock; only
/// when ``confirmations`` such events follow one another without an ordinary one between them is the jump believed.
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
        duplicates = DuplicateFilter(within: plan.duplicatesWithin, disorder: plan.disorder, table: Self.usualTable)
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
    mutating func useCold(_ cold: any ColdState) { duplicates.useCold(cold) }

    /// What kept an id from being looked for; nil if nothing did.
    var coldFailure: ColdError? { duplicates.coldFailure }

    /// Gives up the older ids if all take more than `limit` bytes and the last checkpoint holds them. No image may be
    /// being filled.
    mutating func spill(limit: Int) { duplicates.spill(limit: limit) }

    /// The table of ids in a state that was begun without a checkpoint.
    private static let usualTable = StateTable(0x4000)

    /// The table of ids, and what it is.
    func table(_ hasher: inout PartHasher) -> (table: StateTable, form: StateTableForm) {
        let name = StateTableName("ids " + hasher.ids())
        return (duplicates.stateTable, StateTableForm(name, horizon: duplicates.within))
    }

    /// Keeps ids in a table of a checkpoint. There must be none yet.
    mutating func keep(in table: StateTable) { duplicates = DuplicateFilter(like: duplicates, table: table) }

    /// Moves ids, none of which is in a checkpoint yet, into another table.
    mutating func move(to table: StateTable) { duplicates.move(to: table) }

    /// Begins to fill an image; the clock is in it at once. The last one must be whole.
    mutating func beginImage(_ image: StateImage, all: Bool) {
        duplicates.beginImage(image, all: all)
        var clock = ByteWriter(capacity: Self.clockBytes)
        clock.append(newest == nil ? 0 : 1)
        clock.appendLittleEndian(newest ?? 0)
        clock.appendLittleEndian(Int64(aheadInARow))
        image.sections[Self.clockSection] = Array(clock.bytes)
    }

    /// The section of a checkpoint that holds the clock: u8 whether there is one; i64 newest accepted event time; i64
    /// how many events in a row were too far ahead.
    static let clockSection = "clock"
    static let clockBytes = 1 + 8 + 8

    /// Copies on, until the image has about `limit` bytes. True once it is whole.
    mutating func fillImage(upTo limit: Int) -> Bool { duplicates.fillImage(upTo: limit) }

    /// Takes the clock from its section of a checkpoint. False if the bytes are none.
    mutating func load(clock bytes: [UInt8]) -> Bool {
        guard bytes.count == Self.clockBytes else { return false }
        return bytes.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            do throws(ByteError) {
                let isThere = try reader.read(count: 1)[0] == 1
                let time = try reader.readLittleEndian(Int64.self)
                newest = isThere ? time : nil
                aheadInARow = Int(try reader.readLittleEndian(Int64.self))
            } catch { return false }
            return true
        }
    }

    mutating func load(_ record: StateRecord) -> Bool { duplicates.load(record, clock: clock ?? 0) }
}
