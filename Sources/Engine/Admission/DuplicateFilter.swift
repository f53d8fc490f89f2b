import Base
import StateStore

/// Remembers the ids of accepted events for a stretch of event time, to tell a repeated delivery from a new event.
///
/// An id is known as long as its event is no older than the clock by more than `within`; what is older is forgotten, at
/// the latest when its generation is. Two generations of ids, swapped as the clock moves on: a look-up asks both. Memory
/// follows the number of events in 2 × `within`. An event without an id is never a duplicate.
struct DuplicateFilter: ~Copyable {
    let within: Int64
    private let disorder: Int64
    private var current = Generation()
    private var previous = Generation()
    private var started = Int64.min

    /// - Parameters:
    ///   - within: microseconds of event time.
    ///   - disorder: how far an event's time may be ahead of the clock's, microseconds.
    init(within: Int64, disorder: Int64) {
        self.within = within
        self.disorder = disorder
    }

    /// The offset of the accepted event with this id, if there was one within the time before. `clock` is the partition's.
    func firstOffset(of id: Text, time: Int64, clock: Int64) -> Int64? {
        guard !id.isAbsent else { return nil }
        func isNear(_ known: Int64) -> Bool {
            known >= clock - within && (time - known).magnitude <= UInt64(within)
        }
        if let known = current.find(id), isNear(known.time) { return known.offset }
        if let known = previous.find(id), isNear(known.time) { return known.offset }
        return nil
    }

    /// Remembers an accepted event. `clock` is the partition's clock.
    mutating func insert(_ id: Text, time: Int64, offset: Int64, clock: Int64) {
        guard !id.isAbsent, within > 0 else { return }
        if started == .min { started = clock }
        // An event of this generation is stamped up to `disorder` later than the clock was.
        if clock - started > within + disorder {
            // What is about to be forgotten may belong to the image.
            _ = fillImage(upTo: .max)
            swap(&current, &previous)
            current = Generation()
            started = clock
        }
        let (slot, isNew) = current.slot(of: id)
        if current.changes.willChange(slot) { current.copy(slot) }
        current.set(slot, isNew, time: time, offset: offset)
    }

    /// Bytes of memory that the ids take.
    var byteCount: Int { current.byteCount + previous.byteCount }

    // MARK: - Checkpoints

    static let table = StateTable(0x4000)

    /// Begins to fill an image with the ids that were accepted since the last one was begun; with all that are remembered if
    /// `all`. The last one must be whole.
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

    /// When and where an event was. Not private: in a debug build the compiler fails on an array of a private type in here.
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

        var byteCount: Int { places.byteCount + table.slotCount * Self.bytesPerID }

        /// Key, cells and mark.
        private static let bytesPerID = 16 + 8 + 5

        func find(_ id: Text) -> (time: Int64, offset: Int64)? {
            guard let slot = table.slot(of: id) else { return nil }
            return (places[slot].time, places[slot].offset)
        }

        /// Where an id is or is to be. Of one that is there already, the image may need what is there now.
        mutating func slot(of id: Text) -> (slot: Int, isNew: Bool) { table.insert(id) }

        mutating func set(_ slot: Int, _ isNew: Bool, time: Int64, offset: Int64) {
            let place = Place(time: time, offset: offset)
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
                image.add(DuplicateFilter.table, table.key(of: slot), time: places[slot].time, value: bytes)
            }
        }
    }
}
