import AlertStore
import Delivery
import Engine
import FileStore
import Plan
import Runtime

/// Makes an alerts file from the log alone, as of the offsets that another one has reached.
struct Recomputation {
    let planning: PlanOptions
    let store: DiskStore
    let isQuiet: Bool

    /// Returns how many events were read.
    func run(like database: AlertDatabase, into path: String) throws(CommandError) -> Int {
        let plan = try planning.plan()
        let models = try ModelDirectory.bind(plan, path: planning.model)
        let modelID = models.models.map(\.id).joined(separator: " ")
        let run: RunRecord?
        let progress: [PartitionProgress]
        let fresh: AlertDatabase
        do throws(AlertStoreError) {
            run = try database.lastRun()
            progress = try database.progress(topic: plan.name)
            fresh = try AlertDatabase(path: path)
        } catch {
            throw CommandError(error)
        }
        if let run, run.pipelineSHA != plan.sha256 || (run.modelID ?? "") != modelID {
            throw .usage(
                "the alerts were made with pipeline \(run.pipeline) (\(run.pipelineSHA.prefix(12))) and model "
                    + "\(run.modelID ?? "none"), not with \(plan.name) (\(plan.sha256.prefix(12))) and "
                    + "\(modelID.isEmpty ? "none" : modelID): name them with --pipeline and --model"
            )
        }
        let builder = CommitBuilder(plan: plan, topic: plan.name, modelIDs: models.bindings.mapValues(\.id))
        let sink = DatabaseSink(fresh, commits: builder)
        let bar = Progress("verify", isQuiet: isQuiet)
        var events = 0
        for known in progress {
            guard known.nextOffset == Int64(known.events) else {
                throw .finding(
                    "partition \(known.partition) was begun at offset \(known.nextOffset - Int64(known.events)): what came "
                        + "before is no longer in the log, so its alerts cannot be computed again"
                )
            }
            var reached: Int64 = 0
            do throws(RunnerError) {
                let view = try PartitionView(
                    plan: plan,
                    partition: known.partition,
                    models: models.bindings,
                    topic: plan.name,
                    fingerprint: "",
                    store: store
                )
                let total = Double(max(1, known.nextOffset))
                try view.advance(to: known.nextOffset, into: sink) { offset in
                    bar.update(
                        "partition \(known.partition), \(grouped(Int(offset))) events",
                        fraction: Double(offset) / total
                    )
                }
                reached = view.nextOffset
            } catch {
                throw CommandError(error)
            }
            guard reached == known.nextOffset else {
                throw .damaged(
                    "partition \(known.partition) of the log ends at offset \(reached), not \(known.nextOffset)"
                )
            }
            events += Int(known.nextOffset)
        }
        bar.finish()
        do throws(AlertStoreError) {
            for known in progress {
                guard let limit = known.expiredBeforeMilliseconds else { continue }
                _ = try fresh.expire(topic: plan.name, partition: known.partition, before: limit)
            }
            try fresh.close()
        } catch {
            throw CommandError(error)
        }
        return events
    }
}
