import Base
import Console
import Engine
import Learning
import Recordings

extension OfflineRun {
    /// Runs the recordings for a command, showing how far it is.
    func run(
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
