import Plan
import State
import Windows

/// A part of a partition's state, which a checkpoint holds or does not hold.
public enum StatePart: Hashable, Sendable {
    /// The recent events of an entity's keys; its position in the plan.
    case events(Int)
    /// The ids of accepted events.
    case ids
    /// The open alerts of a detector; its position in the plan.
    case alerts(Int)
}

/// Which table holds which part.
struct StateParts {
    private(set) var owners: [StateTable: StatePart] = [:]
    private(set) var tables: [StateTable: StateTableForm] = [:]

    /// Two parts that are the same get names of their own: which of them has which makes no difference.
    mutating func add(_ part: StatePart, _ place: (table: StateTable, form: StateTableForm)) {
        var form = place.form
        let same = tables.values.count { $0.name.text.hasPrefix(form.name.text) }
        if same > 0 { form.name.text += " \(same + 1)" }
        owners[place.table] = part
        tables[place.table] = form
    }
}

extension PartitionEngine {
    /// All parts with the tables that they are in.
    ///
    /// - Complexity: O(size of the plan), with some hashes each.
    func findParts() -> StateParts {
        var hasher = PartHasher(plan)
        var parts = StateParts()
        for entity in machine.keptEntities { parts.add(.events(entity), machine.table(of: entity, &hasher)) }
        parts.add(.ids, intake.admission.table(&hasher))
        for (index, detector) in detectors.machines.enumerated() { parts.add(.alerts(index), detector.table) }
        return parts
    }

    /// Puts every part into the table of a checkpoint that has its name, and the others into tables that the checkpoint
    /// does not have. `known` is nil if the checkpoint is of an earlier version, of this very pipeline: then all are
    /// where they are without a checkpoint.
    ///
    /// - Returns: The parts that the checkpoint does not hold.
    func adopt(_ known: [StateTable: StateTableName]?) -> [StatePart] {
        guard let known else { return [] }
        let places = Dictionary(known.map { ($1.text, $0) }) { first, _ in first }
        var taken = Set(known.keys)
        var missing: [StatePart] = []
        var hasher = PartHasher(plan)
        for (table, part) in parts.owners.sorted(by: { $0.key < $1.key }) {
            let own = parts.tables[table]?.name ?? StateTableName("")
            if let place = places[own.text], let columns = known[place]?.columns,
                Self.used(columns) == Self.used(own.columns)
            {
                keep(part, in: place, columns: columns, &hasher)
                continue
            }
            missing.append(part)
            var place = table
            while taken.contains(place) { place = StateTable(place.number &+ 1) }
            taken.insert(place)
            keep(part, in: place, columns: own.columns, &hasher)
        }
        parts = findParts()
        return missing
    }

    /// The columns that are of use, whatever their order.
    private static func used(_ columns: [String]) -> [String] { columns.filter { $0.first != "-" }.sorted() }

    private func keep(_ part: StatePart, in table: StateTable, columns: [String], _ hasher: inout PartHasher) {
        switch part {
        case .events(let entity): machine.keep(entity, in: table, columns: columns, &hasher)
        case .ids: intake.admission.keep(in: table)
        case .alerts(let detector): detectors.machines[detector].keep(in: table, columns: columns)
        }
    }
}

extension RestoredState {
    /// What a section holds; empty without one. An earlier version wrote the clock and the recordings' positions, one
    /// behind the other and without names.
    package func section(_ name: String) -> [UInt8] {
        guard let glued = sections[""] else { return sections[name] ?? [] }
        return Array(
            name == Admission.clockSection ? glued.prefix(Admission.clockBytes) : glued.dropFirst(Admission.clockBytes)
        )
    }
}
