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
        for known in [current.find(id), previous.find(id)] {
            if let known, known.time >= clock - within, (time - known.time).magnitude <= UInt64(within) {
                return known.offset
            }
        }
        return nil
    }

    /// Remembers an accepted event. `clock` is the partition's clock.
    mutating func insert(_ id: Text, time: Int64, offset: Int64, clock: Int64) {
        guard !id.isAbsent, within > 0 else { return }
        if started == .min { started = clock }
        // An event of this generation is stamped up to `disorder` later than the clock was.
        if clock - started > within + disorder {
            swap(&current, &previous)
            current.removeAll()
            started = clock
        }
        current.insert(id, time: time, offset: offset)
    }

    /// Bytes of memory that the ids take.
    var byteCount: Int { current.byteCount + previous.byteCount }

    // MARK: - Checkpoints

    /// Copies the ids that were accepted since the last call; all that are remembered with `all`.
    mutating func writeChanges(to image: StateImage, table: StateTable, all: Bool) {
        previous.write(to: image, table, all: all)
        current.write(to: image, table, all: all)
    }

    /// Takes an id from a checkpoint; a newer one of the same id has come before.
    mutating func load(_ record: StateRecord, clock: Int64) -> Bool {
        guard record.value.count == 8 else { return false }
        if started == .min { started = clock }
        if current.find(record.key) == nil {
            let offset = Int64(littleEndian: record.value.loadUnaligned(as: Int64.self))
            current.load(record.key, time: record.time, offset: offset)
        }
        return true
    }

    /// Ids in the order in which they were accepted, behind an open-addressed index. An id that is accepted again, later
    /// than `within`, has a new entry; the old one is dead.
    private struct Generation: ~Copyable {
        private struct Entry {
            var id: Text
            var time: Int64
            var offset: Int64
        }

        private var entries: [Entry] = []
        private var written = 0
        /// Entry + 1, or 0 for an empty cell; at most half full.
        private var cells: [Int32] = Array(repeating: 0, count: 1024)

        var byteCount: Int { entries.capacity * MemoryLayout<Entry>.stride + cells.count * 4 }

        mutating func removeAll() {
            entries.removeAll(keepingCapacity: true)
            written = 0
            for cell in cells.indices { cells[cell] = 0 }
        }

        func find(_ id: Text) -> (time: Int64, offset: Int64)? {
            let cell = cell(of: id)
            guard cells[cell] != 0 else { return nil }
            let entry = entries[Int(cells[cell]) - 1]
            return (entry.time, entry.offset)
        }

        mutating func insert(_ id: Text, time: Int64, offset: Int64) {
            if (entries.count + 1) * 2 > cells.count { grow() }
            entries.append(Entry(id: id, time: time, offset: offset))
            cells[cell(of: id)] = Int32(entries.count)
        }

        /// Inserts what a checkpoint holds already.
        mutating func load(_ id: Text, time: Int64, offset: Int64) {
            insert(id, time: time, offset: offset)
            written = entries.count
        }

        mutating func write(to image: StateImage, _ table: StateTable, all: Bool) {
            for index in (all ? 0 : written)..<entries.count {
                let entry = entries[index]
                // Of an id that is there twice, the later one counts.
                guard Int(cells[cell(of: entry.id)]) == index + 1 else { continue }
                withUnsafeBytes(of: entry.offset.littleEndian) { bytes in
                    image.add(table, entry.id, time: entry.time, value: bytes)
                }
            }
            written = entries.count
        }

        private func cell(of id: Text) -> Int {
            var cell = Int(truncatingIfNeeded: id.hash64) & (cells.count - 1)
            while cells[cell] != 0, entries[Int(cells[cell]) - 1].id != id { cell = (cell + 1) & (cells.count - 1) }
            return cell
        }

        private mutating func grow() {
            cells = Array(repeating: 0, count: cells.count * 2)
            for index in entries.indices { cells[cell(of: entries[index].id)] = Int32(index + 1) }
        }
    }
}
