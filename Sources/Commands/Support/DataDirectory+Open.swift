import Base
import Console
import Foundation
import InForce
import Runtime
import Server

extension DataDirectory {
    /// Opens a directory for a command, showing how far recovery is.
    static func open(
        _ path: String,
        options: Options = Options(),
        definitions: LoadedDefinitions,
        change: DefinitionChange,
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
                definitions: definitions,
                reader: StoredDefinitions(),
                change: change,
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

extension ActivationNote {
    /// By whoever runs the command, now.
    init(_ words: String) {
        self.init(
            author: Person.name,
            words: words,
            atMilliseconds: Int64(Date().timeIntervalSince1970 * 1000)
        )
    }
}
