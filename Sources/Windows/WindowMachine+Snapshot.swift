import Base
import Plan
public import State

/// The keyed state as a checkpoint holds it: a table for each entity that windows look at; a value is the key's rows, 8
/// bytes a word, little-endian: event time, offset, then what is kept of each event.
extension WindowMachine {
    /// Entities whose events are kept.
    public var keptEntities: [Int] { programs.indices.filter { !programs[$0].windows.isEmpty } }

    /// The table of an entity's events, and what it is. Its columns are what is kept of each event.
    public func table(of entity: Int, _ hasher: inout PartHasher) -> (table: StateTable, form: StateTableForm) {
        let columns = programs[entity].columns.map { $0.name(&hasher) }
        let values = programs[entity].values.map { hasher.value(of: $0) }
        let state = states[entity].state.stateTable
        let hash = hasher.events(of: entity, windows: programs[entity].windows, values: values)
        let name = StateTableName("events " + hash, columns: columns)
        return (state, StateTableForm(name, horizon: states[entity].state.horizon))
    }

    /// Keeps the events of an entity in a table of a checkpoint, with the columns that it has there. There must be none
    /// yet.
    public func keep(_ entity: Int, in table: StateTable, columns: [String], _ hasher: inout PartHasher) {
        let values = programs[entity].values
        let own = values.map { hasher.value(of: $0) }
        // Two spellings of one value are two columns.
        var rest = Array(values.indices)
        let order = columns.compactMap { column -> EntityProgram.Column? in
            if let words = EntityProgram.Column.unusedWords(column) { return .unused(words: words) }
            return rest.firstIndex { own[$0] == column }.map { .value(values[rest.remove(at: $0)]) }
        }
        keep(entity, in: table, order: order)
    }

    /// Begins to fill an image with what has changed since the last one was begun; with everything in memory if `all`.
    /// The last one must be whole.
    public func beginImage(_ image: StateImage, all: Bool) {
        for box in states { box.state.beginImage(image, all: all) }
    }

    /// Copies on, until the image has about `limit` bytes. True once it is whole.
    public func fillImage(upTo limit: Int) -> Bool { states.allSatisfy { $0.state.fillImage(upTo: limit) } }

    /// Takes a record of a checkpoint. False if it cannot be of this pipeline.
    public func load(_ record: StateRecord, of entity: Int) -> Bool {
        states[entity].state.load(record.key, record.value)
    }

    /// Keys in memory, of all entities.
    public var keyCount: Int { states.reduce(0) { $0 + $1.state.keyCount } }

    /// Keys that were given up to disk so far.
    public var spilledCount: Int { states.reduce(0) { $0 + $1.state.spilledCount } }

    /// Bytes of memory that keys and rows take, with what others have left for the next ones.
    public var stateBytes: Int { states.reduce(0) { $0 + $1.state.byteCount } }

    /// The same without what is free: what ``spill(limit:)`` makes less.
    public var heldBytes: Int { states.reduce(0) { $0 + $1.state.heldBytes } }

    /// Bytes of an image of the keys that have changed since the last one, about.
    public var changedBytes: Int { states.reduce(0) { $0 + $1.state.changedBytes } }

    /// From now on keys that are not in memory are looked for in the last checkpoint.
    public func useCold(_ cold: any ColdState) {
        for box in states where box.state.cold == nil {
            box.state.cold = ColdKeys(table: box.state.stateTable, state: cold)
        }
    }

    /// What kept a spilled key from being read; nil if nothing did.
    public var coldFailure: ColdError? { states.lazy.compactMap { $0.state.cold?.failure }.first }

    /// Gives up the keys that have been cold longest, where the last checkpoint holds them, until the rest takes less
    /// than `limit` bytes.
    public func spill(limit: Int) {
        let total = heldBytes
        guard total > limit else { return }
        // Each entity gives in proportion to what it holds.
        for box in states {
            box.state.spill(limit: Int(Double(limit) * Double(box.state.heldBytes) / Double(total)))
        }
    }

    /// What is held for a key of an entity: the offset and time (microseconds) of each event, oldest first.
    public func events(entity: Int, key: Text) -> [(offset: Int64, time: Int64)] {
        guard let slot = states[entity].state.slot(of: key) else { return [] }
        let (start, count) = states[entity].state.rows(of: slot)
        let width = states[entity].state.arena.width
        let rows = states[entity].state.arena.words + start
        return (0..<count).map { row in
            (Int64(bitPattern: rows[row * width + EntityState.offsetWord]), Int64(bitPattern: rows[row * width]))
        }
    }

    /// The keys that are in memory for an entity, in the order of their first event. O(keys).
    public func keysHeld(entity: Int) -> [Text] {
        (0..<states[entity].state.table.slotCount).map { states[entity].state.table.key(of: $0) }
            .filter { !$0.isAbsent }
    }
}
