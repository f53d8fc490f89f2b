import Base
import Plan
import State
import Windows

/// The engine of one set of definitions comes behind that of another in the middle of the log (C11).
///
/// A feature is a function of the log and of its definition alone. So what the engine before has of the same events and
/// ids is taken over as it is, and what it does not have is gathered from the log beforehand, silently. A detector that
/// is the same keeps its open alerts; another one has none yet.
extension PartitionEngine {
    /// What an engine can take over of the state of the one before it, and what it has to gather from the log.
    package struct Succession {
        /// Whether the same events are accepted.
        fileprivate(set) var keepsAdmission: Bool
        /// By entity: which one of the engine before has its events.
        fileprivate(set) var entities: [Int: Int]
        /// By detector: which one of the engine before is the same.
        fileprivate(set) var detectors: [Int: Int]
        /// Entities whose events must be read from the log.
        package fileprivate(set) var missing: [Int]

        /// Whether the engine can go on without reading anything.
        package var isWhole: Bool { keepsAdmission && missing.isEmpty }
    }

    /// Compares this engine, which has no state yet, with the one before it.
    package func succession(after other: PartitionEngine) -> Succession {
        var (own, others) = (PartHasher(plan), PartHasher(other.plan))
        let keepsAdmission = own.acceptance() == others.acceptance()
        let entities = keepsAdmission ? machine.sources(in: other.machine) : [:]
        let known = other.detectors.machines.map(\.identity)
        var detectors: [Int: Int] = [:]
        for (index, detector) in self.detectors.machines.enumerated() {
            detectors[index] = known.firstIndex(of: detector.identity)
        }
        return Succession(
            keepsAdmission: keepsAdmission,
            entities: entities,
            detectors: detectors,
            missing: machine.keptEntities.filter { entities[$0] == nil }
        )
    }

    /// Takes the next events of the log only to have the state that the succession misses.
    ///
    /// - Parameters:
    ///   - batch: decoded events.
    ///   - rows: positions in the batch of this partition's events; the first one has offset `baseOffset`.
    ///   - baseOffset: the offset of the first row.
    ///   - isJudged: whether the ``EventClock`` has seen the events.
    ///   - entities: which entities' events are kept.
    package func gather(
        _ batch: ColumnBatch,
        rows: UnsafeBufferPointer<Int32>,
        baseOffset: Int64,
        isJudged: Bool,
        of entities: [Int]
    ) {
        var output = EngineOutput(partition: partition)
        intake.admit(
            batch,
            rows: rows,
            baseOffset: baseOffset,
            emits: false,
            isJudged: isJudged,
            into: &output
        )
        machine.gather(
            batch,
            rows: intake.rows,
            offsets: intake.offsets,
            clocks: intake.clocks,
            count: intake.count,
            of: entities
        )
    }

    /// Goes on where another engine is, between two events. The other one must not be used any more.
    ///
    /// - Parameters:
    ///   - other: The engine before.
    ///   - succession: What is taken over. The rest has been gathered up to the same event.
    ///   - tables: Tables that checkpoints know, whether or not the other engine has them.
    ///   - emits: Whether the end of alerts whose detector is no longer in force is noted.
    ///   - output: It is added to this.
    /// - Returns: Tables that are known by other names from now on.
    package func takeOver(
        from other: PartitionEngine,
        _ succession: Succession,
        tables: Set<StateTable>,
        emits: Bool,
        into output: inout EngineOutput
    ) -> [StateTable: StateTableName] {
        precondition(other.partition == partition, "One partition goes on.")
        let before = other.findParts().tables
        var taken = tables.union(before.keys)
        if succession.keepsAdmission {
            swap(&intake.admission, &other.intake.admission)
        } else {
            intake.admission.move(to: Self.free(&taken, from: 0x4000))
        }
        for entity in machine.keptEntities {
            if let source = succession.entities[entity] {
                machine.take(entity, from: other.machine, source)
            } else {
                machine.move(entity, to: Self.free(&taken, from: 0))
            }
        }
        let kept = Set(succession.detectors.values)
        for (index, detector) in other.detectors.machines.enumerated() where !kept.contains(index) {
            detector.sessions.endAll { if emits { output.note($0.ended) } }
        }
        let features = FeatureSuccession(from: other.plan.features, to: plan.features)
        for (index, detector) in detectors.machines.enumerated() {
            detector.move(to: Self.free(&taken, from: 0x8000))
            guard let source = succession.detectors[index] else { continue }
            detector.sessions.take(from: &other.detectors.machines[source].sessions, features)
        }
        if plan.schema == other.plan.schema { detectors.takeEvents(from: other.detectors) }
        parts = findParts()
        return parts.tables.mapValues(\.name).filter { table, name in before[table].map { $0.name != name } ?? false }
    }

    /// The first number from one on that no table has.
    private static func free(_ taken: inout Set<StateTable>, from first: UInt16) -> StateTable {
        var table = StateTable(first)
        while taken.contains(table) { table = StateTable(table.number &+ 1) }
        taken.insert(table)
        return table
    }
}
