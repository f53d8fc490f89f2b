import Base
import Bytes
import Engine
import Models
import Plan

/// Runs recordings through the engine without a log or a database: what training and evaluation look at is what a replay
/// of the same recording would see (C6).
struct OfflineRun {
    let plan: PipelinePlan
    let models: [Int: ModelBinding]
    let reading: RecordingReading

    /// Reads the recordings one after another as one stream, and hands over every partition's share of each chunk after
    /// its engine has taken it.
    ///
    /// Each recording is shown once more at its end. Returns what the partitions put out.
    func run(
        _ paths: [String],
        progress: Progress,
        atEnd: (Recording) -> Void = { _ in },
        body: (PartitionEngine, Chunk, inout EngineOutput) throws(CommandError) -> Void
    ) throws(CommandError) -> [EngineOutput] {
        var outputs = (0..<plan.partitionCount).map { EngineOutput(partition: $0) }
        var engines: [PartitionEngine] = []
        var free: Chunk
        do throws(EngineError) {
            for partition in 0..<plan.partitionCount {
                engines.append(
                    try PartitionEngine(plan: plan, models: models, partition: partition, capacity: 2048)
                )
            }
            free = Chunk(plan: plan, capacity: 2048)
        } catch {
            throw .plan(error.description)
        }
        var events = 0
        var accepted = 0
        var findings = RecordingFindings(plan)
        var clock = RecordingClock(plan: plan)
        for path in paths {
            let recording = try Recording(path, reading, plan: plan, isResumable: false)
            let judged = JudgedRecording(recording, plan: plan, from: clock)
            while let chunk = try judged.next(free) {
                free = chunk
                if accepted == 0 { findings.note(chunk) }
                for (partition, engine) in engines.enumerated() {
                    let base = LogOffset(outputs[partition].nextOffset)
                    chunk.partitions[partition].withUnsafeBufferPointer { rows in
                        engine.process(
                            chunk.batch,
                            rows: rows,
                            baseOffset: base,
                            emits: true,
                            isJudged: true,
                            into: &outputs[partition]
                        )
                    }
                    accepted += engine.acceptedCount
                    try body(engine, chunk, &outputs[partition])
                }
                events += chunk.batch.count
                progress.update("\(grouped(events)) events", fraction: recording.fraction)
            }
            clock = RecordingClock(judged.end)
            atEnd(recording)
        }
        progress.finish()
        guard events > 0 else { throw .noEvent(in: paths) }
        guard accepted > 0 else { throw .input(findings.nothingAccepted(of: events)) }
        return outputs
    }
}

extension Chunk {
    /// The class of an event after the plan's label rule, or nil if it has no label.
    func label(of row: Int, _ rule: LabelRule) -> String? {
        labelText(of: row, field: rule.field).map(rule.label)
    }

    /// A label field's text as it is in the event, or nil if it has none; a boolean's is `true` or `false`.
    func labelText(of row: Int, field: Int) -> String? {
        guard let slot = batch.labelFields.firstIndex(of: field) else { return nil }
        let span = batch.labels[slot * batch.capacity + row]
        guard span.count > 0 else { return nil }
        let text = batch.payload[Int(span.start)..<Int(span.start + span.count)]
        if batch.schema.fields[field].type == .bool, let truth = TextValue.truth(text) { return "\(truth)" }
        return String(decoding: text, as: UTF8.self)
    }

    /// The key of an event's partition entity, for telling entities apart.
    func text(of field: Int, _ row: Int) -> Text { batch.columns[field].texts?[row] ?? .absent }
}
