import Base
import Plan

/// The gate of a partition: which events of a batch are accepted, and what becomes of the others (C5).
final class Intake {
    private let plan: PipelinePlan
    var admission: Admission
    /// The accepted events of the last batch: position in the batch, offset, and the clock as of each, dense.
    let rows: UnsafeMutablePointer<Int32>
    let offsets: UnsafeMutablePointer<Int64>
    let clocks: UnsafeMutablePointer<Int64>
    private(set) var count = 0
    /// What was not accepted of the last batch that was to be noted, in order.
    private(set) var refusals: [Refusal] = []

    init(plan: PipelinePlan, capacity: Int) {
        self.plan = plan
        admission = Admission(plan: plan)
        rows = .allocate(capacity: capacity)
        offsets = .allocate(capacity: capacity)
        clocks = .allocate(capacity: capacity)
    }

    deinit {
        rows.deallocate()
        offsets.deallocate()
        clocks.deallocate()
    }

    func admit(
        _ batch: ColumnBatch,
        rows candidates: UnsafeBufferPointer<Int32>,
        lines: [Int] = [],
        baseOffset: Int64,
        emits: Bool,
        isJudged: Bool = false,
        into output: inout EngineOutput
    ) {
        count = 0
        refusals.removeAll(keepingCapacity: true)
        for index in 0..<candidates.count {
            let row = Int(candidates[index])
            let offset = baseOffset + Int64(index)
            let status = batch.status[row]
            if status != 0 {
                let rejection = batch.rejections[Int(status) - 1]
                guard emits else { continue }
                reject(batch, row, index, offset, lines, rejection.field, rejection.reason, &output)
                continue
            }
            let time = batch.times[row]
            switch admission.judge(id: batch.ids[row], time: time, offset: offset, isJudged: isJudged) {
            case .accepted:
                rows[count] = candidates[index]
                offsets[count] = offset
                clocks[count] = admission.clock ?? time
                count += 1
                if emits { output.ledger.ok += 1 }
            case .late:
                guard emits else { continue }
                output.ledger.late += 1
                refusals.append(Refusal(index: index, kind: .late))
                output.late.append(
                    LateEvent(offset: offset, eventID: id(batch, row), time: time, clock: admission.clock ?? time)
                )
            case .duplicate(let firstOffset):
                guard emits else { continue }
                output.ledger.duplicate += 1
                refusals.append(Refusal(index: index, kind: .duplicate))
                output.duplicates.append(
                    DuplicateEvent(offset: offset, eventID: id(batch, row), time: time, firstOffset: firstOffset)
                )
            case .ahead(let microseconds):
                guard emits else { continue }
                let newest = ColumnBatch.Reference(time - microseconds)
                let rejection = ColumnBatch.Rejection(schema: plan.schema, of: newest, by: microseconds)
                reject(batch, row, index, offset, lines, rejection.field, rejection.reason, &output)
            }
        }
    }

    private func reject(
        _ batch: ColumnBatch,
        _ row: Int,
        _ index: Int,
        _ offset: Int64,
        _ lines: [Int],
        _ field: String?,
        _ reason: String,
        _ output: inout EngineOutput
    ) {
        output.ledger.rejected += 1
        refusals.append(Refusal(index: index, kind: .rejected(field: field, reason: reason)))
        let event = batch.events[row]
        let end = Int(event.start) + min(Int(event.count), 400)
        let raw = Array(batch.payload[Int(event.start)..<end])
        let line = lines.indices.contains(index) ? lines[index] : nil
        output.rejected.append(RejectedEvent(offset: offset, line: line, field: field, reason: reason, raw: raw))
    }

    private func id(_ batch: ColumnBatch, _ row: Int) -> String {
        guard let field = plan.schema.index(ofRole: .id), !batch.ids[row].isAbsent else { return "" }
        return batch.string(field: field, row: row)
    }
}
