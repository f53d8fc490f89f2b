import Base
import Console
import EventLog
import FileStore
import Learning
import Upkeep

extension Recomputation {
    /// With the pipeline and the models that the options name.
    init(
        _ planning: PlanOptions,
        store: DiskStore,
        lost: [String: [LostRange]] = [:],
        bar: ProgressBar,
        say: @escaping (String) -> Void
    ) throws(CommandError) {
        var plan = try planning.plan()
        let (bindings, models) = try ModelDirectory.bound(&plan, path: planning.model)
        let talk = Talk(say: say) { at in
            guard let at else { return bar.finish() }
            bar.update(
                "partition \(at.partition), \(grouped(Int(at.offset))) events",
                fraction: Double(at.offset) / Double(max(1, at.end))
            )
        }
        self.init(
            plan,
            models: (bindings, models.map(\.record)),
            store: store,
            appVersion: PatternAlarm.version,
            lost: lost,
            talk: talk
        )
    }
}
