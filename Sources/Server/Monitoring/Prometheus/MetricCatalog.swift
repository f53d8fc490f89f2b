/// What a metric is: Prometheus wants it said with the figures.
package struct MetricDescription: Sendable {
    package enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    package var kind: Kind
    package var help: String
    /// Upper bounds of a histogram's buckets, ascending.
    package var bounds: [Double]

    package init(_ kind: Kind, _ help: String, bounds: [Double] = []) {
        self.kind = kind
        self.help = help
        self.bounds = bounds
    }
}

/// Upper bounds of buckets, seconds: six for each power of ten.
package enum MetricBuckets {
    private static let steps = [1, 1.5, 2, 3, 5, 7]

    /// From 50 µs to 10 s.
    package static let latency = bounds(exponents: -5...1, from: 5e-5, to: 10)
    /// From 200 ns to 20 ms: what one event takes.
    package static let event = bounds(exponents: -7 ... -2, from: 2e-7, to: 2e-2)

    /// From 1 ms to a quarter of an hour: what a new definition misses may be days of events.
    package static let activation = bounds(exponents: -3...3, from: 1e-3, to: 1000)

    private static func bounds(exponents: ClosedRange<Int>, from least: Double, to most: Double) -> [Double] {
        exponents.flatMap { exponent in
            // Divided, not multiplied: the quotient is the number that is written so.
            steps.map { exponent < 0 ? $0 / power(-exponent) : $0 * power(exponent) }
        }.filter { $0 >= least && $0 <= most }
    }

    private static func power(_ exponent: Int) -> Double { (0..<exponent).reduce(1.0) { value, _ in value * 10 } }
}

/// Every metric of the server.
package enum MetricCatalog {
    package static let descriptions: [String: MetricDescription] = [
        "patternalarm_events_total": MetricDescription(
            .counter,
            "Events by what became of them, as the alerts file's ledger has them: goes on over restarts."
        ),
        "patternalarm_ingest_requests_total": MetricDescription(
            .counter,
            "Requests that brought events, by outcome: ok, or the status of the refusal."
        ),
        "patternalarm_ingest_queue_bytes": MetricDescription(.gauge, "Bytes of events that wait to be decoded."),
        "patternalarm_ingest_queue_limit_bytes": MetricDescription(
            .gauge,
            "Bytes of events that may wait; beyond, senders are refused."
        ),
        "patternalarm_ingest_queue_requests": MetricDescription(.gauge, "Requests whose events wait to be decoded."),
        "kafka_consumer_lag": MetricDescription(
            .gauge,
            "Events in the log that are not accounted for in the alerts file yet: log end less committed offset."
        ),
        "patternalarm_log_append_seconds": MetricDescription(
            .histogram,
            "Time to append a batch of events to a partition's log.",
            bounds: MetricBuckets.latency
        ),
        "patternalarm_log_fsync_seconds": MetricDescription(
            .histogram,
            "Time to make what was appended to a partition's log durable.",
            bounds: MetricBuckets.latency
        ),
        "patternalarm_commit_seconds": MetricDescription(
            .histogram,
            "Time of a transaction of the alerts file.",
            bounds: MetricBuckets.latency
        ),
        "patternalarm_alerts_log_bytes": MetricDescription(
            .gauge,
            "Bytes of the alerts file's write-ahead log that are in use: it grows while another program is in the middle of a "
                + "read."
        ),
        "patternalarm_checkpoint_age_seconds": MetricDescription(
            .gauge,
            "Time since a partition's last checkpoint; absent before the first since the start. "
                + "Without new events none is made."
        ),
        "patternalarm_checkpoint_duration_seconds": MetricDescription(
            .histogram,
            "Time to write a checkpoint of a partition's state.",
            bounds: MetricBuckets.latency
        ),
        "patternalarm_scoring_seconds": MetricDescription(
            .histogram,
            "Time of an event's windows, features, models and rules: its share of its batch's time.",
            bounds: MetricBuckets.event
        ),
        "patternalarm_alert_latency_seconds": MetricDescription(
            .histogram,
            "Time from an event's arrival until the alert it opened or revised can be read.",
            bounds: MetricBuckets.latency
        ),
        "patternalarm_alerts_total": MetricDescription(
            .counter,
            "Alerts opened since the start, by type and severity in the transaction that opened them."
        ),
        "patternalarm_state_keys": MetricDescription(.gauge, "Keys whose state is in memory."),
        "patternalarm_spilled_keys": MetricDescription(.gauge, "Keys whose state has been given up to disk so far."),
        "patternalarm_activation_number": MetricDescription(
            .gauge,
            "The activation in force: which pipeline and models judge events."
        ),
        "patternalarm_activation_seconds": MetricDescription(
            .histogram,
            "Time from a request for other definitions until they are in force, reading past events included.",
            bounds: MetricBuckets.activation
        ),
        "patternalarm_part_status": MetricDescription(
            .gauge,
            "1 for the status that a part of the server has now, 0 for the others."
        ),
        "patternalarm_build_info": MetricDescription(.gauge, "Always 1; the label tells the program's version."),
        "patternalarm_metrics_dropped_total": MetricDescription(
            .counter,
            "Series that were not kept because their metric has too many."
        ),
        "fraud_predictions_total": MetricDescription(
            .counter,
            "Events of the stream that a model has judged since the start: 1 = fraud, 0 = regular."
        ),
        "fraud_prediction_latency_seconds": MetricDescription(
            .histogram,
            "Time of a prediction that was asked for over HTTP, reasons included.",
            bounds: MetricBuckets.latency
        ),
        "api_requests_total": MetricDescription(
            .counter,
            "HTTP requests that came through to the routes, by method, route and status."
        ),
        "api_request_duration_seconds": MetricDescription(
            .histogram,
            "Time from an HTTP request's head until its answer is ready to be sent.",
            bounds: MetricBuckets.latency
        ),
        "process_resident_memory_bytes": MetricDescription(.gauge, "Memory in use."),
        "process_cpu_seconds_total": MetricDescription(.counter, "Processor time used, by user and system."),
        "process_start_time_seconds": MetricDescription(.gauge, "When the process was started, since 1970."),
        "process_open_fds": MetricDescription(.gauge, "Open files and connections."),
    ]

    /// What is known of a metric; one that nobody described is told by its name.
    static func description(_ name: String, _ kind: MetricDescription.Kind) -> MetricDescription {
        if let known = descriptions[name], known.kind == kind { return known }
        let bounds = kind == .histogram ? MetricBuckets.latency : []
        let words = String(name.map { $0 == "_" ? " " : $0 })
        return MetricDescription(kind, words, bounds: bounds)
    }
}
