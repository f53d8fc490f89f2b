import Base
import Bytes
import Decode
public import Engine
public import Models
public import Plan

/// Runs events through a plan's engines without a log or a database: what training and evaluation look at is what a
/// replay of the same events would see (C6).
public final class EngineRun {
    private let engines: [PartitionEngine]
    /// What the partitions have put out so far.
    private var outputs: [EngineOutput]
    /// How many events there were, and how many of them counted.
    public private(set) var events = 0
    public private(set) var accepted = 0

    /// How many events a batch holds at most.
    public static let batchLimit = 2048

    /// - Throws: ``LearningError/plan(_:)`` if the plan cannot be run.
    public init(plan: PipelinePlan, models: [Int: ModelBinding]) throws(LearningError) {
        outputs = (0..<plan.partitionCount).map { EngineOutput(partition: $0) }
        var engines: [PartitionEngine] = []
        do throws(EngineError) {
            for partition in 0..<plan.partitionCount {
                engines.append(
                    try PartitionEngine(plan: plan, models: models, partition: partition, capacity: Self.batchLimit)
                )
            }
        } catch {
            throw .plan(error.description)
        }
        self.engines = engines
    }

    /// Gives the engines a batch that the event clock has judged, and hands over each partition's share of it after its
    /// engine has taken it, in the order of the partitions. The output is the share's alone if the body empties it.
    ///
    /// - Parameters:
    ///   - batch: Decoded events.
    ///   - partitions: Rows of each partition, ascending.
    ///   - body: What looks at a share.
    /// - Throws: What the body throws.
    public func take<Failure: Error>(
        _ batch: ColumnBatch,
        partitions: [[Int32]],
        body: (EngineShare, inout EngineOutput) throws(Failure) -> Void
    ) throws(Failure) {
        for (partition, engine) in engines.enumerated() {
            let base = LogOffset(outputs[partition].nextOffset)
            partitions[partition].withUnsafeBufferPointer { rows in
                engine.process(
                    batch,
                    rows: rows,
                    baseOffset: base,
                    emits: true,
                    isJudged: true,
                    into: &outputs[partition]
                )
            }
            accepted += engine.acceptedCount
            let share = EngineShare(
                engine: engine,
                batch: batch,
                rows: partitions[partition],
                isLast: partition == engines.count - 1
            )
            try body(share, &outputs[partition])
        }
        events += batch.count
    }
}

/// A partition's share of a batch, and the engine that has just taken it.
public struct EngineShare {
    /// Keeps the features of the events until its next batch.
    public let engine: PartitionEngine
    public let batch: ColumnBatch
    /// Which rows of the batch are the partition's.
    public let rows: [Int32]
    /// Whether no other partition's share of this batch comes.
    public let isLast: Bool
}

extension ColumnBatch {
    /// The class of an event after the plan's label rule, or nil if it has no label.
    func label(of row: Int, _ rule: LabelRule) -> String? {
        labelText(of: row, field: rule.field).map(rule.label)
    }

    /// A label field's text as it is in the event, or nil if it has none; a boolean's is `true` or `false`.
    func labelText(of row: Int, field: Int) -> String? {
        guard let slot = labelFields.firstIndex(of: field) else { return nil }
        let span = labels[slot * capacity + row]
        guard span.count > 0 else { return nil }
        let text = payload[Int(span.start)..<Int(span.start + span.count)]
        if schema.fields[field].type == .bool, let truth = TextValue.truth(text) { return "\(truth)" }
        return String(decoding: text, as: UTF8.self)
    }
}
