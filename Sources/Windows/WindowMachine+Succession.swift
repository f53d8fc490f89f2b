import Base
public import Plan
public import State

/// The windows of another plan over the same log: what a machine before this one keeps is taken over where it is all
/// that this one needs, and the rest is gathered from the log.
extension WindowMachine {
    /// For each entity whose events this machine keeps, the entity of another machine whose events hold all that is
    /// needed: of the same keys, as far back at least, with at least the same values. None is named twice.
    ///
    /// Both machines must be over the same accepted events.
    public func sources(in other: WindowMachine) -> [Int: Int] {
        var (own, others) = (PartHasher(plan), PartHasher(other.plan))
        var free = other.keptEntities
        var sources: [Int: Int] = [:]
        for entity in keptEntities {
            let key = own.key(of: entity)
            let values = programs[entity].values.map { own.value(of: $0) }
            let place = free.firstIndex { source in
                others.key(of: source) == key
                    && other.programs[source].reaches(programs[entity].windows)
                    && values.isPart(of: other.programs[source].values.map { others.value(of: $0) })
            }
            if let place { sources[entity] = free.remove(at: place) }
        }
        return sources
    }

    /// Takes over what another machine keeps of an entity; that one must not be used any more.
    ///
    /// - Complexity: O(1) if the windows are the same ones, else O(keys).
    public func take(_ entity: Int, from other: WindowMachine, _ source: Int) {
        precondition(states[entity].state.keyCount == 0, "What is kept already would be lost.")
        var (own, others) = (PartHasher(plan), PartHasher(other.plan))
        var rest = programs[entity].values.map { (hash: own.value(of: $0), value: $0) }
        let order = other.programs[source].columns.map { column -> EntityProgram.Column in
            guard case .value(let value) = column else { return column }
            let hash = others.value(of: value)
            guard let index = rest.firstIndex(where: { $0.hash == hash }) else {
                return .unused(words: column.words)
            }
            return .value(rest.remove(at: index).value)
        }
        precondition(rest.isEmpty, "All that is needed is kept by the other machine.")
        programs[entity] = program(of: entity, order: order)
        swap(&states[entity].state, &other.states[source].state)
        states[entity].state.follow(programs[entity], after: other.programs[source])
    }

    /// Moves what is kept of an entity, none of which is in a checkpoint yet, into another table.
    public func move(_ entity: Int, to table: StateTable) { states[entity].state.stateTable = table }

    /// Keeps accepted events for windows to come, and computes nothing of them.
    ///
    /// - Parameters:
    ///   - batch: The events' columns.
    ///   - rows: Their positions in the batch, ascending.
    ///   - offsets: Their offsets in the partition.
    ///   - clocks: The partition's clock as of each event, microseconds.
    ///   - count: How many they are, up to the machine's capacity.
    ///   - entities: Of which entities.
    public func gather(
        _ batch: ColumnBatch,
        rows: UnsafePointer<Int32>,
        offsets: UnsafePointer<Int64>,
        clocks: UnsafePointer<Int64>,
        count: Int,
        of entities: [Int]
    ) {
        precondition(count <= capacity, "A batch is at most `capacity` events.")
        guard count > 0 else { return }
        let evaluator = evaluator(batch, rows, count)
        for entity in entities {
            let (program, box) = (programs[entity], states[entity])
            program.evaluate(evaluator)
            for event in 0..<count where !program.keys[event].isAbsent {
                let (slot, position) = box.state.insert(
                    program.keys[event],
                    time: batch.times[Int(rows[event])],
                    offset: offsets[event],
                    clock: clocks[0]
                )
                let block = box.state.arena.words + box.state.rows(of: slot).start
                program.write(event, to: block + position * program.width)
            }
            box.state.sweep(clock: clocks[0], limit: count * 2)
        }
    }
}

extension EntityProgram {
    /// Whether events that are kept for these windows are all that others need.
    fileprivate func reaches(_ others: [Window]) -> Bool {
        others.allSatisfy { other in
            windows.contains { own in
                switch (own.kind, other.kind) {
                case (.session(let gap), .session(let needed)): gap >= needed
                case (.session, _), (_, .session): false
                default: own.reach >= other.reach
                }
            }
        }
    }
}

extension EntityProgram.Column {
    fileprivate var words: Int {
        switch self {
        case .value(let expression): expression.type == .text ? 2 : 1
        case .unused(let words): words
        }
    }

    /// What a checkpoint calls the column: the hash of its value, or a number of words below 0.
    func name(_ hasher: inout PartHasher) -> String {
        switch self {
        case .value(let expression): hasher.value(of: expression)
        case .unused(let words): "-\(words)"
        }
    }

    /// The other way round; nil if a value is in it.
    static func unusedWords(_ name: String) -> Int? {
        guard name.first == "-", let words = Int(name.dropFirst()), (1...2).contains(words) else { return nil }
        return words
    }
}

extension [String] {
    /// Whether each of these is among others, as often as it is here.
    fileprivate func isPart(of others: [String]) -> Bool {
        var rest = others
        return allSatisfy { name in
            rest.firstIndex(of: name).map { _ = rest.remove(at: $0) } != nil
        }
    }
}
