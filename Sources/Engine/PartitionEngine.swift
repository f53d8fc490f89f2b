import Base
import Bytes
public import Models
public import Plan
import Windows

/// The step machine of one partition: accepts events in log order, keeps their windows, scores them, and says which
/// alerts open, change and end.
///
/// Single-threaded; owns all its state; knows no clock but event time and does no I/O. The same events give the same
/// output however they are cut into batches (C2).
public final class PartitionEngine {
    public let plan: PipelinePlan
    public let partition: Int
    /// Events a batch at most.
    public let capacity: Int

    let intake: Intake
    let machine: WindowMachine
    let detectors: DetectorSet
    /// Where checkpoints have what: only who makes or reads one asks.
    lazy var parts = findParts()
    /// Bytes of recent events that are held for alerts.
    package let evidenceLimit: Int
    private let raisesAlerts: Bool

    /// The newest accepted event time, microseconds; nil before the first event.
    public var newestTime: Int64? { intake.admission.newestTime }
    /// Accepted events of the last batch.
    public var acceptedCount: Int { intake.count }
    /// What was not accepted of the last batch, in order; nothing is noted while recovering.
    public var refusals: [Refusal] { intake.refusals }

    /// Takes one model for every detector of kind model, by the detector's index.
    ///
    /// - Parameters:
    ///   - plan: What to compute.
    ///   - models: The models by detector.
    ///   - partition: Which partition this is.
    ///   - capacity: Events a batch at most.
    ///   - activation: The number of the activation that put these in force.
    ///   - raisesAlerts: False for one that only scores.
    ///   - evidenceBytes: Bytes of recent events that are held for alerts; older ones are read from the log.
    /// - Throws: ``EngineError/missingModel(detector:model:)``
    public init(
        plan: PipelinePlan,
        models: [Int: ModelBinding],
        partition: Int,
        capacity: Int,
        activation: Int = 1,
        raisesAlerts: Bool = true,
        evidenceBytes: Int = 64 << 20
    ) throws(EngineError) {
        precondition(partition >= 0 && partition < plan.partitionCount, "A partition is of its plan.")
        self.plan = plan
        self.partition = partition
        self.capacity = capacity
        evidenceLimit = evidenceBytes
        self.raisesAlerts = raisesAlerts && !plan.detectors.isEmpty
        intake = Intake(plan: plan, capacity: capacity)
        machine = WindowMachine(plan: plan, capacity: capacity)
        detectors = try DetectorSet(
            models,
            windows: machine,
            partition: partition,
            evidenceBytes: evidenceBytes,
            definitions: DefinitionsLabel(activation: activation, plan: plan)
        )
    }

    /// An engine for features only: no detector runs. What training uses; the features are the same ones (C6).
    public convenience init(featuresOf plan: PipelinePlan, partition: Int, capacity: Int) {
        var plan = plan
        plan.detectors = []
        do {
            try self.init(plan: plan, models: [:], partition: partition, capacity: capacity)
        } catch {
            preconditionFailure("A plan without detectors needs no model.")
        }
    }

    /// Takes the next events of the partition.
    ///
    /// - Parameters:
    ///   - batch: decoded events, of all partitions.
    ///   - rows: positions in the batch of this partition's events, ascending; the first one has offset `baseOffset`,
    ///     the next ones follow without a gap.
    ///   - lines: the recording's line of each row, where they are known.
    ///   - baseOffset: the offset of the first row.
    ///   - emits: false while recovering: state is rebuilt, nothing is noted (C3).
    ///   - isJudged: whether the ``EventClock`` has seen the events.
    ///   - output: what the events led to is added to it.
    public func process(
        _ batch: ColumnBatch,
        rows: UnsafeBufferPointer<Int32>,
        lines: [Int] = [],
        baseOffset: LogOffset,
        emits: Bool,
        isJudged: Bool = false,
        into output: inout EngineOutput
    ) {
        precondition(rows.count <= capacity, "A batch is at most `capacity` events.")
        let known = output.ledger.events
        intake.admit(
            batch,
            rows: rows,
            lines: lines,
            baseOffset: baseOffset.rawValue,
            emits: emits,
            isJudged: isJudged,
            into: &output
        )
        precondition(!emits || output.ledger.events - known == rows.count, "No event is lost silently (C5).")
        precondition(!emits || acceptedCount + refusals.count == rows.count, "What is not accepted is refused (C5).")
        machine.process(
            batch,
            rows: intake.rows,
            offsets: intake.offsets,
            clocks: intake.clocks,
            count: acceptedCount
        )
        detectors.score(count: acceptedCount, emits: emits, into: &output)
        if raisesAlerts {
            let events = AcceptedEvents(batch: batch, rows: intake.rows, offsets: intake.offsets, count: acceptedCount)
            detectors.step(events, clock: intake.admission.clock, emits: emits, into: &output)
        }
        output.nextOffset = baseOffset.rawValue + Int64(rows.count)
        output.clock = intake.admission.clock
    }

    /// Forgets everything: the next event is the partition's first one. For an engine of which nobody makes
    /// checkpoints.
    public func reset() {
        intake.admission = Admission(plan: plan)
        machine.reset()
        detectors.reset()
    }

    /// Position in the last batch of its i-th accepted event.
    public func row(_ index: Int) -> Int { Int(intake.rows[index]) }

    /// Offset in the partition of the i-th accepted event of the last batch.
    public func offset(_ index: Int) -> Int64 { intake.offsets[index] }

    /// A feature's value for the i-th accepted event of the last batch.
    public func feature(_ feature: Int, of index: Int) -> Double { machine.feature(feature)[index] }

    /// A feature's values for the accepted events of the last batch, valid until the next one.
    public func feature(_ feature: Int) -> UnsafePointer<Double> { machine.feature(feature) }

    /// The key of an entity for the i-th accepted event of the last batch.
    public func key(_ entity: Int, of index: Int) -> Text { machine.keys(entity)[index] }
}

/// What a model detector, by its position in the plan, says of the i-th accepted event of the last batch; nil for a
/// detector without a model.
extension PartitionEngine {
    private func scorer(_ detector: Int) -> ModelScorer? { detectors.machines[detector].judge.scorer }

    /// The model's results: probabilities of the classes.
    public func probabilities(detector: Int, of index: Int) -> UnsafeBufferPointer<Float>? {
        scorer(detector)?.results(of: index)
    }

    /// P(fraud) (C10).
    public func score(detector: Int, of index: Int) -> Double? { scorer(detector)?.score(of: index) }

    /// The most probable kind of fraud.
    public func fraudClass(detector: Int, of index: Int) -> String? { scorer(detector)?.fraudClass(of: index) }
}

extension ColumnBatch {
    /// A text field's value as a person reads it, without the escapes of its JSON; empty where the field is absent.
    public func string(field: Int, row: Int) -> String {
        guard let spans = columns[field].spans, let texts = columns[field].texts, !texts[row].isAbsent else {
            return ""
        }
        let span = spans[row]
        let bytes = payload[Int(span.start)..<Int(span.start + span.count)]
        return schema.fields[field].type == .text ? unescaped(bytes) : String(decoding: bytes, as: UTF8.self)
    }
}

/// A JSON text without its escapes.
func unescaped(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    guard bytes.contains(0x5C) else { return String(decoding: bytes, as: UTF8.self) }
    return String(decoding: JSONScanner(bytes).unescaped(from: 0, to: bytes.count), as: UTF8.self)
}
