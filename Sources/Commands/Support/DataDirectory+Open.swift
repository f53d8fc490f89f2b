import Base
import Console
import Learning
import Models
import Plan
import Runtime
import Server

extension DataDirectory {
    /// Opens a directory for a command, showing how far recovery is.
    static func open(
        _ path: String,
        options: Options = Options(),
        plan: PipelinePlan,
        models: (bindings: [Int: ModelBinding], models: [ModelDirectory]),
        command: String,
        isQuiet: Bool
    ) throws(CommandError) -> DataDirectory {
        // What keys leave goes back to the system, instead of being kept for others.
        if options.stateBytes != nil { ServerProcess.giveBackMemory() }
        let progress = ProgressBar("recovery", isQuiet: isQuiet)
        defer { progress.finish() }
        return try CommandError.running { () throws(RuntimeError) in
            try DataDirectory(
                path,
                options: options,
                plan: plan,
                models: (models.bindings, models.models.map(\.record)),
                by: (command, PatternAlarm.version),
                progress: { partition, done, total in
                    progress.update(
                        "partition \(partition), \(grouped(done)) events",
                        fraction: Double(done) / Double(max(1, total))
                    )
                }
            )
        }
    }
}
