import Base
import Forest
import Plan
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

    var admission: Admission
    let machine: WindowMachine
    private let scorers: [ModelScorer?]
    let tracker: AlertTracker

    /// The accepted events of the last batch: position in the batch and offset, dense.
    private let accepted: UnsafeMutablePointer<Int32>
    private let offsets: UnsafeMutablePointer<Int64>
    private let clocks: UnsafeMutablePointer<Int64>
    public private(set) var acceptedCount = 0

    /// Takes one model for every detector of kind model, by the detector's index.
    ///
    /// - Throws: ``EngineError/missingModel(detector:model:)``
    public init(plan: PipelinePlan, models: [Int: ModelBinding], partition: Int, capacity: Int) throws(EngineError) {
        self.plan = plan
        self.partition = partition
        self.capacity = capacity
        admission = Admission(plan: plan)
        machine = WindowMachine(plan: plan, capacity: capacity)
        var scorers: [ModelScorer?] = []
        for (index, detector) in plan.detectors.enumerated() {
            guard case .model(let name, _, _) = detector.kind else {
                scorers.append(nil)
                continue
            }
            guard let binding = models[index] else { throw .missingModel(detector: detector.name, model: name) }
            scorers.append(ModelScorer(binding, capacity: capacity))
        }
        self.scorers = scorers
        tracker = AlertTracker(plan: plan, partition: partition)
        accepted = .allocate(capacity: capacity)
        offsets = .allocate(capacity: capacity)
        clocks = .allocate(capacity: capacity)
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

    deinit {
        accepted.deallocate()
        offsets.deallocate()
        clocks.deallocate()
    }

    /// Takes the next events of the partition.
    ///
    /// - Parameters:
    ///   - batch: decoded events, of all partitions.
    ///   - rows: positions in the batch of this partition's events, ascending; the first one has offset `baseOffset`,
    ///     the next ones follow without a gap.
    ///   - baseOffset: the offset of the first row.
    ///   - emits: false while recovering: state is rebuilt, nothing is noted (C3).
    ///   - output: what the events led to is added to it.
    public func process(
        _ batch: ColumnBatch,
        rows: UnsafeBufferPointer<Int32>,
        baseOffset: LogOffset,
        emits: Bool,
        into output: inout EngineOutput
    ) {
        admit(batch, rows: rows, baseOffset: baseOffset.rawValue, emits: emits, into: &output)
        machine.process(batch, rows: accepted, offsets: offsets, clocks: clocks, count: acceptedCount)
        for scorer in scorers { scorer?.score(machine, count: acceptedCount) }
        if !plan.detectors.isEmpty {
            tracker.step(
                batch,
                rows: accepted,
                offsets: offsets,
                count: acceptedCount,
                machine: machine,
                scorers: scorers,
                clock: admission.clock,
                emits: emits,
                into: &output
            )
        }
        output.nextOffset = baseOffset.rawValue + Int64(rows.count)
        output.clock = admission.clock
    }

    /// Position in the last batch of its i-th accepted event.
    public func row(_ index: Int) -> Int { Int(accepted[index]) }

    /// Offset in the partition of the i-th accepted event of the last batch.
    public func offset(_ index: Int) -> Int64 { offsets[index] }

    /// A feature's value for the i-th accepted event of the last batch.
    public func feature(_ feature: Int, of index: Int) -> Double { machine.feature(feature)[index] }

    /// A feature's values for the accepted events of the last batch, valid until the next one.
    public func feature(_ feature: Int) -> UnsafePointer<Double> { machine.feature(feature) }

    /// The key of an entity for the i-th accepted event of the last batch.
    public func key(_ entity: Int, of index: Int) -> Text { machine.keys(entity)[index] }

    /// The class probabilities of a model detector for the i-th accepted event of the last batch.
    public func probabilities(detector: Int, of index: Int) -> UnsafeBufferPointer<Float>? {
        scorers[detector]?.probabilities(of: index)
    }

    private func admit(
        _ batch: ColumnBatch,
        rows: UnsafeBufferPointer<Int32>,
        baseOffset: Int64,
        emits: Bool,
        into output: inout EngineOutput
    ) {
        acceptedCount = 0
        for index in 0..<rows.count {
            let row = Int(rows[index])
            let offset = baseOffset + Int64(index)
            let status = batch.status[row]
            if status != 0 {
                let rejection = batch.rejections[Int(status) - 1]
                reject(batch, row, offset, rejection.field, rejection.reason, emits, &output)
                continue
            }
            let time = batch.times[row]
            switch admission.judge(id: batch.ids[row], time: time, offset: offset) {
            case .accepted:
                accepted[acceptedCount] = rows[index]
                offsets[acceptedCount] = offset
                clocks[acceptedCount] = admission.clock ?? time
                acceptedCount += 1
                if emits { output.ledger.ok += 1 }
            case .late:
                guard emits else { continue }
                output.ledger.late += 1
                output.late.append(
                    LateEvent(offset: offset, eventID: id(batch, row), time: time, clock: admission.clock ?? time)
                )
            case .duplicate(let firstOffset):
                guard emits else { continue }
                output.ledger.duplicate += 1
                output.duplicates.append(
                    DuplicateEvent(offset: offset, eventID: id(batch, row), time: time, firstOffset: firstOffset)
                )
            case .ahead(let microseconds):
                let timeField = plan.schema.index(ofRole: .time).map { plan.schema.fields[$0].name }
                let days = microseconds / 86_400_000_000
                let reason = "\(days > 0 ? "\(days) days" : "\(microseconds / 1_000_000) s") ahead of the newest event"
                reject(batch, row, offset, timeField, reason, emits, &output)
            }
        }
    }

    private func reject(
        _ batch: ColumnBatch,
        _ row: Int,
        _ offset: Int64,
        _ field: String?,
        _ reason: String,
        _ emits: Bool,
        _ output: inout EngineOutput
    ) {
        guard emits else { return }
        output.ledger.rejected += 1
        let event = batch.events[row]
        let end = Int(event.start) + min(Int(event.count), 400)
        let raw = Array(batch.payload[Int(event.start)..<end])
        output.rejected.append(RejectedEvent(offset: offset, field: field, reason: reason, raw: raw))
    }

    private func id(_ batch: ColumnBatch, _ row: Int) -> String {
        guard let field = plan.schema.index(ofRole: .id), !batch.ids[row].isAbsent else { return "" }
        return batch.string(field: field, row: row)
    }
}

extension ColumnBatch {
    /// The bytes of a text field as a string; empty where the field is absent.
    public func string(field: Int, row: Int) -> String {
        guard let spans = columns[field].spans, let texts = columns[field].texts, !texts[row].isAbsent else {
            return ""
        }
        let span = spans[row]
        return String(decoding: payload[Int(span.start)..<Int(span.start + span.count)], as: UTF8.self)
    }
}
