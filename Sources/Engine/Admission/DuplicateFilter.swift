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
    /// What is being filled with the ids, if that is not whole yet.
    private var filling: StateImage?

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
            // What is about to be forgotten may belong to the image.
            _ = fillImage(upTo: .max)
            swap(&current, &previous)
            current.removeAll()
            started = clock
        }
        current.insert(id, time: time, offset: offset, filling: filling)
    }

    /// Bytes of memory that the ids take.
    var byteCount: Int { current.byteCount + previous.byteCount }

    // MARK: - Checkpoints

    static let table = StateTable(0x4000)

    /// Begins to fill an image with the ids that were accepted since the last one was begun; with all that are remembered if
    /// `all`. The last one must be whole.
    mutating func beginImage(_ image: StateImage, all: Bool) {
        current.beginImage(all: all)
        previous.beginImage(all: all)
        filling = image
    }

    /// Copies on, until the image has about `limit` bytes. True once it has every id.
    mutating func fillImage(upTo limit: Int) -> Bool {
        guard let filling else { return true }
        // The newer ones first: of an id that is in both, the first one counts.
        guard current.fill(filling, upTo: limit), previous.fill(filling, upTo: limit) else { return false }
        self.filling = nil
        return true
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
        /// The entries that an image begun now would leave out, the ones that have been copied for the image that is being
        /// filled, and the end of those that it holds.
        private var imaged = 0
        private var copied = 0
        /// Entry + 1, or 0 for an empty cell; at most half full.
        private var cells: [Int32] = Array(repeating: 0, count: 1024)

        var byteCount: Int { entries.capacity * MemoryLayout<Entry>.stride + cells.count * 4 }

        mutating func removeAll() {
            entries.removeAll(keepingCapacity: true)
            imaged = 0
            copied = 0
            for cell in cells.indices { cells[cell] = 0 }
        }

        func find(_ id: Text) -> (time: Int64, offset: Int64)? {
            let cell = cell(of: id)
            guard cells[cell] != 0 else { return nil }
            let entry = entries[Int(cells[cell]) - 1]
            return (entry.time, entry.offset)
        }

        mutating func insert(_ id: Text, time: Int64, offset: Int64, filling image: StateImage? = nil) {
            if (entries.count + 1) * 2 > cells.count { grow() }
            let cell = cell(of: id)
            // The entry that is replaced may belong to the image.
            let replaced = Int(cells[cell]) - 1
            if let image, (copied..<imaged).contains(replaced) { write(entries[replaced], to: image) }
            entries.append(Entry(id: id, time: time, offset: offset))
            cells[cell] = Int32(entries.count)
        }

        /// Inserts what a checkpoint holds already.
        mutating func load(_ id: Text, time: Int64, offset: Int64) {
            insert(id, time: time, offset: offset)
            imaged = entries.count
            copied = imaged
        }

        mutating func beginImage(all: Bool) {
            copied = all ? 0 : imaged
            imaged = entries.count
        }

        mutating func fill(_ image: StateImage, upTo limit: Int) -> Bool {
            while copied < imaged {
                guard image.byteCount < limit else { return false }
                let entry = entries[copied]
                // Of an id that is there twice, the later one counts.
                if Int(cells[cell(of: entry.id)]) == copied + 1 { write(entry, to: image) }
                copied += 1
            }
            return true
        }

        private func write(_ entry: Entry, to image: StateImage) {
            withUnsafeBytes(of: entry.offset.littleEndian) { bytes in
                image.add(DuplicateFilter.table, entry.id, time: entry.time, value: bytes)
            }
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
