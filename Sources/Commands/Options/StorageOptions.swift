import ArgumentParser
import Console
import Partition
import Runtime

/// How a data directory is kept: what every command that writes one takes.
struct StorageOptions: ParsableArguments {
    @Option(help: "Where the alerts file is put (default: alerts.sqlite in the data directory).")
    var alerts: String?

    @Option(help: "Give up alerts that ended longer ago than this by event time, such as 24h (default: keep all).")
    var alertTTL: TimeSpan?

    @Option(
        help: """
            When the log is synced: os (with each commit, about every second), fsync (after every batch), or a time such as \
            50ms.
            """
    )
    var durability: Durability = .os

    @Option(help: "Make a checkpoint of a partition's state after so many events (default: 200000; serve: 5000000).")
    var checkpointEvents: Int?

    @Option(help: "Make a checkpoint of a partition's state after so many seconds (default: 10; serve: 30).")
    var checkpointSeconds: Double?

    @Option(help: "Checkpoint to recover from: newest, none, or the newest at or before this offset.")
    var fromCheckpoint: CheckpointChoice = .newest

    @Option(
        help: """
            Memory for keyed state of all partitions, such as 512MB: keys with their events, remembered ids, events held for \
            alerts, checkpoints being made; what is coldest goes to disk. The program itself, its buffers, the model and the \
            alerts file's cache take about 100 MB besides, and each open alert some 500 bytes. One key's events stay together: \
            those of a key that is in use are in memory even where they alone are more (default: no limit).
            """
    )
    var stateMemory: ByteSize?

    func validate() throws {
        guard checkpointEvents ?? 1 > 0 else { throw ValidationError("--checkpoint-events must be at least 1.") }
        guard checkpointSeconds ?? 1 > 0 else { throw ValidationError("--checkpoint-seconds must be above 0.") }
        if let stateMemory, stateMemory.bytes < 1_000_000 {
            throw ValidationError("--state-memory must be at least 1MB.")
        }
    }

    /// - Parameters:
    ///   - events: After how many events a checkpoint is made unless the person says otherwise.
    ///   - seconds: After how many seconds, likewise.
    /// - Returns: How the directory is to be opened.
    func opening(checkpointEvents events: Int = 200_000, seconds: Double = 10) -> DataDirectory.Options {
        var options = DataDirectory.Options()
        options.alerts = alerts
        options.policy.checkpointEvents = checkpointEvents ?? events
        options.policy.checkpointPause = .seconds(checkpointSeconds ?? seconds)
        options.policy.syncPause = durability.syncPause
        options.checkpoint = fromCheckpoint
        options.alertTTL = alertTTL?.milliseconds
        options.stateBytes = stateMemory?.bytes
        options.report = { Output.talk($0) }
        return options
    }
}

/// When what was read is made to survive a power cut.
enum Durability: ExpressibleByArgument, Equatable {
    case os
    case fsync
    case interval(milliseconds: Int64)

    init?(argument: String) {
        switch argument {
        case "os": self = .os
        case "fsync": self = .fsync
        default:
            guard let span = TimeSpan(argument: argument), span.milliseconds > 0 else { return nil }
            self = .interval(milliseconds: span.milliseconds)
        }
    }

    var defaultValueDescription: String { "os" }

    var syncPause: Duration? {
        switch self {
        case .os: nil
        case .fsync: .zero
        case .interval(let milliseconds): .milliseconds(milliseconds)
        }
    }
}

extension CheckpointChoice: ExpressibleByArgument {
    public init?(argument: String) {
        switch argument {
        case "newest": self = .newest
        case "none": self = .none
        default:
            guard let offset = Int64(argument), offset >= 0 else { return nil }
            self = .notAfter(offset)
        }
    }

    public var defaultValueDescription: String { self == .newest ? "newest" : "" }
}
