import Base
import Decode
import Engine
import EventLog
import Plan

/// Reads events that the engine no longer holds from the log again, for the evidence of alerts.
final class EvidenceReader {
    private let plan: PipelinePlan
    private let decoder: EventDecoder
    private let batch: ColumnBatch
    private let records = RecordBatch()
    private var held: Range<Int64> = 0..<0

    init(plan: PipelinePlan) {
        self.plan = plan
        decoder = EventDecoder(plan: plan)
        batch = ColumnBatch(schema: plan.schema, capacity: 1)
    }

    /// Hands an output over to a sink, with the evidence that is missing in it.
    func commit(
        _ output: inout EngineOutput,
        to sink: any AlertSink,
        reader: (LogOffset) -> PartitionReader
    ) throws(RunnerError) {
        do throws(LogError) {
            try output.completeEvidence { (missing) throws(LogError) in try complete(&missing, reader: reader) }
        } catch {
            throw .log(error)
        }
        // The sink's error would hide it.
        var failure: LogError?
        do throws(SinkError) {
            try sink.commit(output) { alert, body in
                for event in Self.further(alert) {
                    var event = event
                    do throws(LogError) { try complete(&event, reader: reader) } catch {
                        failure = error
                        throw error
                    }
                    try body(event)
                }
            }
        } catch {
            if let failure { throw .log(failure) }
            throw RunnerError(error)
        }
    }

    /// In the order of the log, so that each batch of it is read once.
    private static func further(_ alert: AlertUpdate) -> some Sequence<Evidence> {
        alert.furtherEvidence.indices.sorted {
            alert.furtherEvidence[$0].offset < alert.furtherEvidence[$1].offset
        }.lazy.map { position in
            Evidence(
                position: position,
                offset: alert.furtherEvidence[position].offset,
                time: alert.furtherEvidence[position].time,
                eventID: "",
                amount: nil,
                score: nil,
                role: .before,
                payload: []
            )
        }
    }

    /// Completes all evidence of an output in memory, before the schema changes by which it is read.
    func finish(_ output: inout EngineOutput, reader: (LogOffset) -> PartitionReader) throws(LogError) {
        try output.completeEvidence { (missing) throws(LogError) in try complete(&missing, reader: reader) }
        try output.completeFurtherEvidence { (alert) throws(LogError) in
            var events: [Evidence] = []
            for event in Self.further(alert) {
                var event = event
                try complete(&event, reader: reader)
                events.append(event)
            }
            return events
        }
    }

    /// Completes an event of an alert: its bytes, id and amount. One batch of records is kept, as neighbours are often
    /// next.
    func complete(
        _ evidence: inout Evidence,
        reader: (LogOffset) -> PartitionReader
    ) throws(LogError) {
        if !held.contains(evidence.offset) {
            held = 0..<0
            guard try reader(LogOffset(evidence.offset)).next(into: records) else { return }
            held = records.baseOffset..<records.baseOffset + Int64(records.records.count)
        }
        let index = Int(evidence.offset - records.baseOffset)
        guard records.records.indices.contains(index) else { return }
        evidence.payload = Array(records.bytes[records.records[index].value])
        batch.removeAll()
        evidence.payload.withUnsafeBufferPointer { decoder.decode($0, into: batch) }
        if let field = plan.schema.index(ofRole: .id) { evidence.eventID = batch.string(field: field, row: 0) }
        if let field = plan.schema.index(ofRole: .amount), let amount = batch.columns[field].numbers?[0], !amount.isNaN
        {
            evidence.amount = amount
        }
    }
}
