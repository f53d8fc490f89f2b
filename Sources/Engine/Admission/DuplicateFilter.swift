import Base

/// Remembers the ids of accepted events for a stretch of event time, to tell a repeated delivery from a new event.
///
/// Two generations of ids, swapped as the clock moves on: a look-up asks both, so every id is known for at least
/// `within`; an id older than that is not a duplicate even if it is still held. Memory follows the number of events
/// in 2 × `within`. An event without an id is never a duplicate.
struct DuplicateFilter: ~Copyable {
    private let within: Int64
    private var current = Generation()
    private var previous = Generation()
    private var started = Int64.min

    /// - Parameter within: microseconds of event time.
    init(within: Int64) {
        self.within = within
    }

    /// The offset of the accepted event with this id, if there was one within the time before.
    func firstOffset(of id: Text, time: Int64) -> Int64? {
        guard !id.isAbsent else { return nil }
        for known in [current.find(id), previous.find(id)] {
            if let known, (time - known.time).magnitude <= UInt64(within) { return known.offset }
        }
        return nil
    }

    /// Remembers an accepted event. `clock` is the partition's clock.
    mutating func insert(_ id: Text, time: Int64, offset: Int64, clock: Int64) {
        guard !id.isAbsent, within > 0 else { return }
        if started == .min { started = clock }
        if clock - started > within {
            swap(&current, &previous)
            current.removeAll()
            started = clock
        }
        current.insert(id, time: time, offset: offset)
    }

    /// An insert-only open-addressed table.
    private struct Generation: ~Copyable {
        private struct Entry {
            var id: Text
            var time: Int64
            var offset: Int64
        }

        private var entries: UnsafeMutablePointer<Entry>
        private var capacity = 1024
        private var count = 0

        init() {
            entries = .allocate(capacity: 1024)
            entries.initialize(repeating: Entry(id: .absent, time: 0, offset: 0), count: 1024)
        }

        deinit { entries.deallocate() }

        mutating func removeAll() {
            count = 0
            for index in 0..<capacity { entries[index].id = .absent }
        }

        func find(_ id: Text) -> (time: Int64, offset: Int64)? {
            var cell = Int(truncatingIfNeeded: id.hash64) & (capacity - 1)
            while !entries[cell].id.isAbsent {
                if entries[cell].id == id { return (entries[cell].time, entries[cell].offset) }
                cell = (cell + 1) & (capacity - 1)
            }
            return nil
        }

        mutating func insert(_ id: Text, time: Int64, offset: Int64) {
            if (count + 1) * 2 > capacity { grow() }
            var cell = Int(truncatingIfNeeded: id.hash64) & (capacity - 1)
            while !entries[cell].id.isAbsent, entries[cell].id != id { cell = (cell + 1) & (capacity - 1) }
            if entries[cell].id.isAbsent { count += 1 }
            entries[cell] = Entry(id: id, time: time, offset: offset)
        }

        private mutating func grow() {
            let old = entries
            let oldCapacity = capacity
            capacity *= 2
            entries = .allocate(capacity: capacity)
            entries.initialize(repeating: Entry(id: .absent, time: 0, offset: 0), count: capacity)
            for index in 0..<oldCapacity where !old[index].id.isAbsent {
                var cell = Int(truncatingIfNeeded: old[index].id.hash64) & (capacity - 1)
                while !entries[cell].id.isAbsent { cell = (cell + 1) & (capacity - 1) }
                entries[cell] = old[index]
            }
            old.deallocate()
        }
    }
}
