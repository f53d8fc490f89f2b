import ArgumentParser
import Engine

/// How a data directory is kept: what every command that writes one takes.
struct StorageOptions: ParsableArguments {
    @Option(help: "Where the alerts file is put (default: alerts.sqlite in the data directory).")
    var alerts: String?

    @Option(help: "Make a checkpoint of a partition's state after so many events.")
    var checkpointEvents = 200_000

    @Option(help: "Make a checkpoint of a partition's state after so many seconds.")
    var checkpointSeconds = 10.0

    @Option(help: "Checkpoint to recover from: newest, none, or the newest at or before this offset.")
    var fromCheckpoint: CheckpointChoice = .newest

    @Option(help: "Memory for keyed state, such as 512MB; the coldest keys go to disk (default: no limit).")
    var stateMemory: ByteSize?

    func validate() throws {
        guard checkpointEvents > 0 else { throw ValidationError("--checkpoint-events must be at least 1.") }
        guard checkpointSeconds > 0 else { throw ValidationError("--checkpoint-seconds must be above 0.") }
        if let stateMemory, stateMemory.bytes < 1 << 20 {
            throw ValidationError("--state-memory must be at least 1MB.")
        }
    }

    func opening() -> DataDirectory.Options {
        var options = DataDirectory.Options()
        options.alerts = alerts
        options.policy.checkpointEvents = checkpointEvents
        options.policy.checkpointPause = .seconds(checkpointSeconds)
        options.checkpoint = fromCheckpoint
        options.stateBytes = stateMemory?.bytes
        return options
    }
}

/// A number of bytes as people write it: 512MB, 1GiB, 65536.
struct ByteSize: ExpressibleByArgument {
    var bytes: Int

    init?(argument: String) {
        let units: [(String, Int)] = [
            ("KIB", 1 << 10), ("MIB", 1 << 20), ("GIB", 1 << 30), ("TIB", 1 << 40), ("KB", 1 << 10), ("MB", 1 << 20),
            ("GB", 1 << 30), ("TB", 1 << 40), ("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30), ("T", 1 << 40), ("B", 1),
            ("", 1),
        ]
        let text = argument.uppercased()
        guard let (unit, factor) = units.first(where: { text.hasSuffix($0.0) }),
            let count = Double(text.dropLast(unit.count)), count >= 0, count * Double(factor) < 0x1p62
        else { return nil }
        bytes = Int(count * Double(factor))
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
