import AlertStore
import Hummingbird
import Plan
import Runtime

/// What Prometheus fetches.
struct MetricsRoutes {
    private let context: ServerContext

    init(_ context: ServerContext) {
        self.context = context
    }

    func add(to router: Router<BasicRequestContext>) {
        router.get("/metrics") { request, _ in
            try QueryParameters(request, known: []).finish()
            let status = await ServerStatus.now(context)
            let text = PrometheusText.write(.shared, server(status) + partitions() + Self.process)
            return Answer.text(text, type: PrometheusText.contentType)
        }
    }

    private func server(_ status: ServerStatus) -> [ComputedMetric] {
        let totals = status.totals
        let outcomes = [
            ("ok", totals.ok), ("late", totals.late), ("duplicate", totals.duplicate), ("rejected", totals.rejected),
        ]
        return [
            ComputedMetric("patternalarm_events_total", outcomes.map { ([("outcome", $0.0)], Double($0.1)) }),
            ComputedMetric("patternalarm_ingest_queue_bytes", Double(status.queue.bytes)),
            ComputedMetric("patternalarm_ingest_queue_limit_bytes", Double(status.queue.limit)),
            ComputedMetric("patternalarm_ingest_queue_requests", Double(status.queue.requests)),
            ComputedMetric("patternalarm_alerts_log_bytes", Double(status.alertsLogBytes)),
            ComputedMetric(
                "patternalarm_part_status",
                status.parts.flatMap { part in
                    ServerPart.State.allCases.map { state in
                        ([("part", part.name.rawValue), ("status", state.rawValue)], part.state == state ? 1 : 0)
                    }
                }
            ),
            ComputedMetric("patternalarm_activation_number", Double(status.activation)),
            ComputedMetric("patternalarm_build_info", [([("version", context.version)], 1)]),
            ComputedMetric("patternalarm_metrics_dropped_total", Double(PrometheusRegistry.shared.dropped)),
        ]
    }

    private func partitions() -> [ComputedMetric] {
        let partitions = context.engine.status.partitions
        func metric(
            _ name: String,
            labels: [(String, String)] = [],
            _ value: (LiveStatus.Partition) -> Double?
        ) -> ComputedMetric {
            ComputedMetric(
                name,
                partitions.enumerated().compactMap { index, partition in
                    value(partition).map { (labels + [("partition", "\(index)")], $0) }
                }
            )
        }
        return [
            metric("kafka_consumer_lag", labels: [("topic", context.plan.name)]) { Double($0.lag) },
            metric("patternalarm_checkpoint_age_seconds") { $0.checkpointAge.map { Double($0) / 1e9 } },
            metric("patternalarm_state_keys") { Double($0.keys) },
            metric("patternalarm_spilled_keys") { Double($0.spilled) },
        ]
    }

    private static var process: [ComputedMetric] {
        [
            ComputedMetric("process_resident_memory_bytes", ProcessFigures.residentBytes.map { Double($0) }),
            ComputedMetric("process_cpu_seconds_total", ProcessFigures.cpuSeconds),
            ComputedMetric("process_start_time_seconds", ProcessFigures.startSeconds),
            ComputedMetric("process_open_fds", ProcessFigures.openDescriptors.map { Double($0) }),
        ]
    }
}
