public import ArgumentParser
import Console
import FileStore
import Foundation
import PipelineFiles

/// `bench recovery`
public struct BenchRecoveryCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "recovery",
        abstract: "How long a log takes to open after a crash, and what a checkpoint costs.",
        discussion: """
            Writes logs of the given sizes without closing them, as a kill leaves them, and opens them again. Then fills an \
            engine with the default pipeline's state from simulated events and makes checkpoints: `copy` is what the \
            engine waits for, `write` and `restore` are the disk's part.

              patternalarm bench recovery
              patternalarm bench recovery --gib 1 --gib 5 --gib 10 --dir /mnt/disk
            """
    )

    @Option(help: "Size of a log in GiB; may be given more than once.")
    public var gib: [Double] = [0.5, 1, 2]

    @Option(help: "Simulated events for the state.")
    public var events = 400_000

    @Option(help: "A folder on the disk to measure; the system's temporary folder otherwise.")
    public var dir: String?

    @Option(help: "How to write it.")
    public var format: OutputFormat = .table

    public init() {}

    /// Refuses options that make no sense.
    public func validate() throws {
        guard gib.allSatisfy({ $0 > 0 && $0 <= 1024 }) else { throw ValidationError("--gib must be from 0 to 1024.") }
        guard events > 0 else { throw ValidationError("--events must be at least 1.") }
    }

    /// Measures, and prints the table.
    public func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let folder =
                (dir ?? FileManager.default.temporaryDirectory.path)
                + "/patternalarm-bench-\(ProcessInfo.processInfo.processIdentifier)"
            defer { Scratch.remove(folder) }
            let benchmark = RecoveryBenchmark(store: DiskStore(root: folder))
            var listing = Listing(columns: RecoveryBenchmark.columns, rows: [])
            for size in gib { listing.rows.append(try benchmark.reopen(gibibytes: size)) }
            listing.rows += try benchmark.checkpoints(
                try PipelineFile.loaded(nil).plan,
                events: events
            )
            listing.write(as: format)
        }
    }
}
