public import CoreMetrics
import Metrics

/// A timer that takes the same duration many times over at the cost of once.
public protocol BatchTimer: TimerHandler {
    func recordNanoseconds(_ duration: Int64, count: Int)
}

/// What a partition measures: told to whatever collects the program's metrics.
final class LiveInstruments: Sendable {
    private let append = Timer(label: "patternalarm_log_append_seconds")
    private let fsync = Timer(label: "patternalarm_log_fsync_seconds")
    private let commit = Timer(label: "patternalarm_commit_seconds")
    private let scoring = MetricsSystem.factory.makeTimer(label: "patternalarm_scoring_seconds", dimensions: [])

    func appended(nanoseconds: Int64) { append.recordNanoseconds(nanoseconds) }

    func synced(nanoseconds: Int64) { fsync.recordNanoseconds(nanoseconds) }

    func committed(nanoseconds: Int64) { commit.recordNanoseconds(nanoseconds) }

    /// Windows, features, models and rules of a batch of events: each event is noted with its share.
    func scored(nanoseconds: Int64, events: Int) {
        guard events > 0 else { return }
        let share = nanoseconds / Int64(events)
        if let scoring = scoring as? any BatchTimer {
            scoring.recordNanoseconds(share, count: events)
        } else {
            scoring.recordNanoseconds(share)
        }
    }
}
