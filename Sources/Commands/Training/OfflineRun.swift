import Base
import Console
import Engine
import Learning
import Models
import Plan
import Recordings

/// Runs recordings through the engine without a log or a database.
struct OfflineRun {
    let plan: PipelinePlan
    let models: [Int: ModelBinding]
    let reading: RecordingReading

    /// Reads the recordings one after another as one stream, and hands over every partition's share of each chunk after
    /// its engine has taken it.
    ///
    /// Each recording is shown once more at its end.
    func run(
        _ paths: [String],
        progress: ProgressBar,
        atEnd: (Recording) -> Void = { _ in },
        body: (EngineShare, Chunk, inout EngineOutput) throws(CommandError) -> Void
    ) throws(CommandError) {
        let run = try CommandError.learning { () throws(LearningError) in try EngineRun(plan: plan, models: models) }
        var free = Chunk(plan: plan, capacity: EngineRun.batchLimit)
        var findings = RecordingFindings(plan)
        var clock = RecordingClock(plan: plan)
        for (number, path) in paths.enumerated() {
            let recording = try CommandError.reading { () throws(RecordingError) in try open(path) }
            let sequel = Sequel(paths.dropFirst(number + 1), behind: path, open: open)
            let judged = JudgedRecording(recording, plan: plan, from: clock, sequel: sequel)
            while let chunk = try CommandError.reading({ () throws(RecordingError) in try judged.next(free) }) {
                free = chunk
                if run.accepted == 0 { findings.note(chunk) }
                try run.take(chunk.batch, partitions: chunk.partitions) { share, output throws(CommandError) in
                    try body(share, chunk, &output)
                }
                progress.update("\(grouped(run.events)) events", fraction: recording.fraction)
            }
            clock = RecordingClock(judged.end)
            atEnd(recording)
        }
        progress.finish()
        guard run.events > 0 else { throw CommandError(RecordingError.noEvent(in: paths)) }
        guard run.accepted > 0 else { throw .input(findings.nothingAccepted(of: run.events)) }
    }
}

extension OfflineRun {
    private func open(_ path: String) throws(RecordingError) -> Recording {
        try Recording(path, reading, plan: plan, isResumable: false)
    }
}
