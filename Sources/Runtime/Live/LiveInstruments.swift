import Metrics

/// What a partition measures: told to whatever collects the program's metrics.
final class LiveInstruments: Sendable {
    private let append = Timer(label: "patternalarm_log_append_seconds")
    private let fsync = Timer(label: "patternalarm_log_fsync_seconds")
    private let commit = Timer(label: "patternalarm_commit_seconds")
    private let scoring = Timer(label: "patternalarm_scoring_seconds")
    private let lag: Gauge
    private let keys: Gauge
    private let spilled: Gauge

    init(partition: Int, topic: String) {
        let dimensions = [("partition", "\(partition)")]
        lag = Gauge(label: "kafka_consumer_lag", dimensions: [("topic", topic)] + dimensions)
        keys = Gauge(label: "patternalarm_state_keys", dimensions: dimensions)
        spilled = Gauge(label: "patternalarm_spilled_keys", dimensions: dimensions)
    }

    func appended(nanoseconds: Int64) { append.recordNanoseconds(nanoseconds) }

    func synced(nanoseconds: Int64) { fsync.recordNanoseconds(nanoseconds) }

    func committed(nanoseconds: Int64) { commit.recordNanoseconds(nanoseconds) }

    /// Windows, features, models and rules of a batch of events.
    func scored(nanoseconds: Int64) { scoring.recordNanoseconds(nanoseconds) }

    func note(_ state: LiveStatus.Partition) {
        lag.record(state.lag)
        keys.record(state.keys)
        spilled.record(state.spilled)
    }
}
