import Base
import Console
import EventLog
import FileStore
import InForce
import Upkeep

extension Recomputation {
    /// With the pipeline and the models that the options name.
    init(
        _ planning: PlanOptions,
        over dataDir: String,
        store: DiskStore,
        lost: [String: [LostRange]] = [:],
        bar: ProgressBar,
        say: @escaping (String) -> Void
    ) throws(CommandError) {
        let definitions = try planning.definitions(over: dataDir)
        let talk = Talk(say: say) { at in
            guard let at else { return bar.finish() }
            bar.update(
                "partition \(at.partition), \(grouped(Int(at.offset))) events",
                fraction: Double(at.offset) / Double(max(1, at.end))
            )
        }
        self = try CommandError.running { () throws(UpkeepError) in
            try Recomputation(
                definitions,
                reader: StoredDefinitions(),
                store: store,
                appVersion: PatternAlarm.version,
                lost: lost,
                talk: talk
            )
        }
    }
}
