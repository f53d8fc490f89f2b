import Base
import State

/// Remembers the ids of accepted events for a stretch of event time, to tell a repeated delivery from a new event.
///
/// An id is known as long as its newest event is no older than the clock by more than `within`; what is older is
/// forgotten, at the latest when its generation is. Two generations of ids, swapped as the clock moves on: a look-up
/// asks both. Memory follows the number of events in 2 × `within`, or has a limit: then the older ids are in the last
/// checkpoint only, which is asked, too. An event without an id is never a duplicate.
struct DuplicateFilter: ~Copyable {
    let within: Int64
    private(set) var stateTable: StateTable
    private let disorder: Int64
    private var current: Generation
    private var previous: Generation
    private var started = Int64.min
    /// Where ids are that are not in memory; nil while all are.
    private var cold: ColdIDs?

    /// - Parameters:
    ///   - within: microseconds of event time.
    ///   - disorder: how far an event's time may be ahead of the clock's, microseconds.
    ///   - table: of checkpoints.
    init(within: Int64, disorder: Int64, table: StateTable) {
        self.within = within
        self.disorder = disorder
        stateTable = table
        current = Generation(table)
        previous = Generation(table)
    }

    /// Moves ids, none of which is in a checkpoint yet, into another table.
    mutating func move(to table: StateTable) {
        stateTable = table
        current.stateTable = table
        previous.stateTable = table
    }

    /// The same filter without an id, in another table.
    init(like other: borrowing DuplicateFilter, table: StateTable) {
        self.init(within: other.within, disorder: other.disorder, table: table)
    }

    /// The offset of the newest accepted event with this id, if it was within the time before. `clock` is the
    /// partition's.
    mutating func firstOffset(of id: Text, time: Int64, clock: Int64) -> Int64? {
        guard !id.isAbsent else { return nil }
        guard let known = current.find(id) ?? previous.find(id) ?? cold?.find(id) else { return nil }
        let isNear = known.time >= clock - within && (time - known.time).magnitude <= UInt64(within)
        return isNear ? known.offset : nil
    }

    /// Remembers an accepted event. `clock` is the partition's clock.
    mutating func insert(_ id: Text, time: Int64, offset: Int64, clock: Int64) {
        guard !id.isAbsent, within > 0 else { return }
        if started == .min { started = clock }
        // An event of this generation is stamped up to `disorder` later than the clock was.
        if clock - started > within + disorder {
            // What is about to be forgotten may belong to the image.
            _ = fillImage(upTo: .max)
            precondition(previous.changes.image == nil, "The image has what is forgotten.")
            swap(&current, &previous)
            current = Generation(stateTable)
            started = clock
        }
        let (slot, isNew) = current.slot(of: id)
        if current.changes.willChange(slot) { current.copy(slot) }
        current.set(slot, isNew, time: time, offset: offset)
    }

    /// Bytes of memory that the ids take.
    var byteCount: Int { current.byteCount + previous.byteCount }

    /// Bytes of an image of the ids that were accepted since the last one was begun.
    var changedBytes: Int {
        (current.changes.changedCount + previous.changes.changedCount) * (StateImage.recordBytes + 8)
    }

    // MARK: - Ids on disk

    /// From now on ids that are not in memory are looked for in the last checkpoint.
    mutating func useCold(_ state: any ColdState) {
        if cold == nil { cold = ColdIDs(stateTable, state) }
    }

    /// What kept an id from being looked for; nil if nothing did.
    var coldFailure: ColdError? { cold?.failure }

    /// Gives up the older ids if all take more than `limit` bytes and the last checkpoint holds them. No image may be
    /// being filled.
    mutating func spill(limit: Int) {
        guard byteCount > limit, previous.changes.changedCount == 0 else { return }
        precondition(current.changes.image == nil && previous.changes.image == nil, "Ids that an image needs stay.")
        // The newer ones are the older ones from now on, and are given up when the next checkpoint holds them all.
        previous = Generation(stateTable)
        if current.byteCount > limit / 2 {
            swap(&current, &previous)
            started = .min
        }
    }

    // MARK: - Checkpoints

    /// Begins to fill an image with the ids that were accepted since the last one was begun; with all that are
    /// remembered if `all`. The last one must be whole.
    mutating func beginImage(_ image: StateImage, all: Bool) {
        current.beginImage(image, all: all)
        previous.beginImage(image, all: all)
    }

    /// Copies on, until the image has about `limit` bytes. True once it has every id.
    mutating func fillImage(upTo limit: Int) -> Bool {
        // The newer ones first: of an id that is in both, the first one counts.
        current.fillImage(upTo: limit) && previous.fillImage(upTo: limit)
    }

    /// Takes an id from a checkpoint; a newer one of the same id has come before.
    mutating func load(_ record: StateRecord, clock: Int64) -> Bool {
        guard record.value.count == 8 else { return false }
        if started == .min { started = clock }
        if current.find(record.key) == nil {
            let offset = Int64(littleEndian: record.value.loadUnaligned(as: Int64.self))
            let (slot, isNew) = current.slot(of: record.key)
            current.set(slot, isNew, time: record.time, offset: offset)
        }
        return true
    }

    /// When and where an event was. Not private: in a debug build the compiler fails on an array of a private type in
    /// here.
    struct Place: BitwiseCopyable {
        var time: Int64
        var offset: Int64
    }

    /// Ids, each with its newest accepted event.
    private struct Generation: ~Copyable {
        private var table = TextTable()
        /// By slot.
        private var places = GrowingArray<Place>()
        var changes = ChangeMarks()
        var stateTable: StateTable

        init(_ table: StateTable) { stateTable = table }

        var byteCount: Int { places.byteCount + table.byteCount + changes.byteCount }

        func find(_ id: Text) -> (time: Int64, offset: Int64)? {
            guard let slot = table.slot(of: id) else { return nil }
            return (places[slot].time, places[slot].offset)
        }

        /// Where an id is or is to be. Of one that is there already, the image may need what is there now.
        mutating func slot(of id: Text) -> (slot: Int, isNew: Bool) { table.insert(id) }

        mutating func set(_ slot: Int, _ isNew: Bool, time: Int64, offset: Int64) {
            let place = Place(time: time, offset: offset)
            assert(isNew == (slot == places.count), "A table hands out its slots in their order.")
            if isNew { places.append(place) } else { places[slot] = place }
        }

        mutating func beginImage(_ image: StateImage, all: Bool) {
            if all { for slot in 0..<table.slotCount { _ = changes.willChange(slot) } }
            changes.begin(image)
        }

        mutating func fillImage(upTo limit: Int) -> Bool {
            while let slot = changes.next(upTo: limit) { copy(slot) }
            return changes.image == nil
        }

        /// Copies an id into the image that is being filled.
        func copy(_ slot: Int) {
            guard let image = changes.image else {
                preconditionFailure("Only an image that is being filled has ids to be copied.")
            }
            withUnsafeBytes(of: places[slot].offset.littleEndian) { bytes in
                image.add(stateTable, table.key(of: slot), time: places[slot].time, value: bytes)
            }
        }
    }
}

/// Ids that the last checkpoint holds.
private struct ColdIDs {
    private let table: StateTable
    private let state: any ColdState
    private var scratch: [UInt8] = []
    /// The first read that failed. The events since then may be duplicates that nobody has seen.
    private(set) var failure: ColdError?

    init(_ table: StateTable, _ state: any ColdState) {
        self.table = table
        self.state = state
    }

    mutating func find(_ id: Text) -> (time: Int64, offset: Int64)? {
        do {
            guard let time = try state.find(table, id, into: &scratch), scratch.count == 8 else {
                return nil
            }
            return (time, scratch.withUnsafeBytes { Int64(littleEndian: $0.loadUnaligned(as: Int64.self)) })
        } catch {
            failure = failure ?? .unread(error)
            return nil
        }
    }
}
