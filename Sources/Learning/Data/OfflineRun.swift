public import Engine
public import Models
public import Plan
public import Recordings

/// Runs recordings through the engine without a log or a database.
public struct OfflineRun {
    let plan: PipelinePlan
    let models: [Int: ModelBinding]
    let reading: RecordingReading

    public init(plan: PipelinePlan, models: [Int: ModelBinding], reading: RecordingReading) {
        self.plan = plan
        self.models = models
        self.reading = reading
    }

    /// Reads the recordings one after another as one stream, and hands over every partition's share of each chunk after
    /// its engine has taken it.
    ///
    /// Each recording is shown once more at its end. `progress` is told how many events have been taken, and how much
    /// of the file has been read, if its size is known.
    public func run(
        _ paths: [String],
        progress: (Int, Double?) -> Void,
        atEnd: (Recording) -> Void = { _ in },
        body: (EngineShare, Chunk, inout EngineOutput) throws(LearningError) -> Void
    ) throws(LearningError) {
        let run = try EngineRun(plan: plan, models: models)
        var free = Chunk(plan: plan, capacity: EngineRun.batchLimit)
        var findings = RecordingFindings(plan)
        var clock = RecordingClock(plan: plan)
        for (number, path) in paths.enumerated() {
            let recording = try LearningError.reading { () throws(RecordingError) in try open(path) }
            let sequel = Sequel(paths.dropFirst(number + 1), behind: path, open: open)
            let judged = JudgedRecording(recording, plan: plan, from: clock, sequel: sequel)
            while let chunk = try LearningError.reading({ () throws(RecordingError) in try judged.next(free) }) {
                free = chunk
                if run.accepted == 0 { findings.note(chunk) }
                try run.take(chunk.batch, partitions: chunk.partitions) { share, output throws(LearningError) in
                    try body(share, chunk, &output)
                }
                progress(run.events, recording.fraction)
            }
            clock = RecordingClock(judged.end)
            atEnd(recording)
        }
        guard run.events > 0 else { throw LearningError(RecordingError.noEvent(in: paths)) }
        guard run.accepted > 0 else { throw .input(findings.nothingAccepted(of: run.events)) }
    }
}

extension OfflineRun {
    private func open(_ path: String) throws(RecordingError) -> Recording {
        try Recording(path, reading, plan: plan, isResumable: false)
    }
}

extension PipelinePlan {
    /// Without what looks at the features.
    public var featuresOnly: PipelinePlan {
        var plan = self
        plan.detectors = []
        return plan
    }
}
