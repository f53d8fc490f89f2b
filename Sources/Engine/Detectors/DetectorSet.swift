import Base
import Models
import Plan
import State
import Windows

/// The detectors of a partition in the plan's order, with what they share.
final class DetectorSet {
    let machines: [DetectorMachine]
    private let writer: AlertWriter

    /// - Throws: ``EngineError/missingModel(detector:model:)``
    init(
        _ models: [Int: ModelBinding],
        windows: WindowMachine,
        partition: Int,
        evidenceBytes: Int,
        definitions: DefinitionsLabel
    ) throws(EngineError) {
        let writer = AlertWriter(plan: windows.plan, partition: partition, evidenceBytes: evidenceBytes)
        var machines: [DetectorMachine] = []
        for index in windows.plan.detectors.indices {
            machines.append(
                try DetectorMachine(
                    index,
                    model: models[index],
                    windows: windows,
                    writer: writer,
                    definitions: definitions
                )
            )
        }
        self.machines = machines
        self.writer = writer
    }

    /// Scores the events of a batch.
    func score(count: Int, emits: Bool, into output: inout EngineOutput) {
        for machine in machines { machine.score(count: count, emits: emits, into: &output) }
    }

    /// Opens, revises and ends alerts as of the events of a batch, which have been scored.
    func step(_ events: AcceptedEvents, clock: Int64?, emits: Bool, into output: inout EngineOutput) {
        writer.retain(events)
        for machine in machines { machine.step(events, clock: clock, emits: emits, into: &output) }
    }

    /// Takes over the recent events that another set holds for alerts; of events of the same schema.
    func takeEvents(from other: DetectorSet) { writer.takeEvents(from: other.writer) }

    /// Forgets all alerts and events.
    func reset() {
        writer.reset()
        for machine in machines { machine.reset() }
    }

    // MARK: - Memory

    /// Bytes of memory that open alerts take, about.
    var byteCount: Int { machines.reduce(0) { $0 + $1.sessions.byteCount } }

    /// The part of them that ``spill(limit:)`` makes less.
    var heldBytes: Int { machines.reduce(0) { $0 + $1.sessions.heldBytes } }

    /// Bytes of memory that recent events take.
    var evidenceBytes: Int { writer.evidenceBytes }

    /// From now on alerts that are not in memory are looked for in the last checkpoint.
    func useCold(_ cold: any ColdState) {
        for machine in machines { machine.sessions.useCold(cold) }
    }

    /// What kept a spilled alert from being read; nil if nothing did.
    var coldFailure: ColdError? { machines.lazy.compactMap { $0.sessions.coldFailure }.first }

    /// Gives up the alerts that have been cold longest, where the last checkpoint holds them, until the rest takes
    /// about `limit` bytes. No image may be being filled.
    func spill(limit: Int) {
        let total = heldBytes
        guard total > limit else { return }
        for machine in machines {
            machine.sessions.spill(limit: Int(Double(limit) * Double(machine.sessions.heldBytes) / Double(total)))
        }
    }

    // MARK: - Checkpoints

    /// Bytes of an image of the alerts that have changed since the last one, about.
    var changedBytes: Int { machines.reduce(0) { $0 + $1.sessions.changedBytes } }

    /// Begins to fill an image. The last one must be whole.
    func beginImage(_ image: StateImage, all: Bool) {
        for machine in machines { machine.sessions.beginImage(image, all: all) }
    }

    /// Copies on, until the image has about `limit` bytes. True once it is whole.
    func fillImage(upTo limit: Int) -> Bool { machines.allSatisfy { $0.sessions.fillImage(upTo: limit) } }
}
