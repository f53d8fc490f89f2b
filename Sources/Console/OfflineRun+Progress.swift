import Base
public import Engine
public import Learning
public import Recordings

extension OfflineRun {
    /// Runs the recordings for a command, showing how far it is. Throws what ``run(_:progress:atEnd:body:)`` does.
    public func run(
        _ paths: [String],
        progress: ProgressBar,
        atEnd: (Recording) -> Void = { _ in },
        body: (EngineShare, Chunk, inout EngineOutput) throws(LearningError) -> Void
    ) throws(CommandError) {
        defer { progress.finish() }
        try CommandError.running { () throws(LearningError) in
            try run(
                paths,
                progress: { progress.update("\(grouped($0)) events", fraction: $1) },
                atEnd: atEnd,
                body: body
            )
        }
    }
}
