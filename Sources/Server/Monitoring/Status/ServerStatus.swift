import AlertStore
import Foundation
import Runtime

/// How a running server is at a moment: computed from its parts, for `/health`, `/metrics` and the pushed status.
package struct ServerStatus: Sendable {
    /// Events of a partition that are in the log, and not accounted for in the alerts file.
    package struct Lag: Sendable, Equatable {
        package var partition: Int
        package var events: Int64
    }

    package struct Queue: Sendable, Equatable {
        package var bytes: Int
        package var limit: Int
        package var requests: Int
    }

    /// The wall clock's, milliseconds since 1970.
    package var timeMilliseconds: Int64
    package var startedMilliseconds: Int64
    package var eventsPerSecond: Double
    package var alertsPerMinute: Int
    /// The newest event's time; nil before the first event.
    package var clockMilliseconds: Int64?
    /// What became of all events so far, and how many alerts there are.
    package var totals: LedgerTotals
    package var parts: [ServerPart]
    package var queue: Queue
    package var lag: [Lag]
    /// From an event's arrival to its alert's being readable, last minute; nil if there was none.
    package var latency: RecentFigures.Latency?
    package var memoryBytes: Int?
    /// Bytes of the alerts file's write-ahead log that are in use: it grows while another program is in the middle of a
    /// read.
    package var alertsLogBytes: Int
    /// Keys of windows in memory, of all partitions.
    package var stateKeys: Int
    /// What is in force.
    package var activation: Int
    /// Of the oldest partition; nil before the first checkpoint since the start.
    package var checkpointSeconds: Double?

    /// The worst state of a part.
    package var state: ServerPart.State { parts.map(\.state).max() ?? .ok }

    /// Asks all parts. Takes as long as the alerts file needs for a short answer, and 1 s at most.
    package static func now(_ context: ServerContext) async -> ServerStatus {
        let alertsFile = await context.probe.outcome()
        let monitor = context.monitor
        let live = context.engine.status
        var facts = HealthFacts(live, alertsFile, context)
        let figures = monitor.now
        let now = MonotonicClock.now()
        facts.recent = figures.recent.lateness(at: now)
        facts.clockMilliseconds = figures.clockMilliseconds
        return ServerStatus(
            timeMilliseconds: Int64(Date().timeIntervalSince1970 * 1000),
            startedMilliseconds: monitor.startedMilliseconds,
            eventsPerSecond: figures.recent.eventsPerSecond(at: now),
            alertsPerMinute: figures.recent.alertsPerMinute(at: now),
            clockMilliseconds: figures.clockMilliseconds,
            totals: figures.totals,
            parts: facts.parts,
            queue: Queue(bytes: live.queue.bytes, limit: live.queue.limit, requests: live.queue.count),
            lag: live.partitions.enumerated().map { Lag(partition: $0, events: $1.lag) },
            latency: figures.recent.latency(at: now),
            memoryBytes: ProcessFigures.residentBytes,
            alertsLogBytes: facts.alertsLogBytes,
            stateKeys: live.partitions.reduce(0) { $0 + $1.keys },
            activation: facts.activation,
            checkpointSeconds: facts.partitions.compactMap(\.checkpointSeconds).max()
        )
    }
}

extension HealthFacts {
    fileprivate init(_ live: LiveStatus, _ alertsFile: AlertsProbe.Outcome, _ context: ServerContext) {
        let now = MonotonicClock.now()
        partitions = live.partitions.enumerated().map { index, partition in
            Partition(
                lag: partition.lag,
                waitingSeconds: context.feed.oldestArrival(partition: index).map { Double(now - $0) / 1e9 },
                checkpointSeconds: partition.checkpointAge.map { Double($0) / 1e9 },
                checkpointFailure: partition.checkpointFailure
            )
        }
        queueBytes = live.queue.bytes
        queueLimit = live.queue.limit
        failure = live.failure
        self.alertsFile = alertsFile
        alertsWait = live.alertsWait
        logWait = live.logWait
        watchFailure = live.watchFailure
        activation = context.engine.definitions.now.number
        alertsLogBytes = context.database.writeAheadBytes
        logDisk = DiskSpace(path: context.monitor.directory)
        alertsDisk = DiskSpace(path: context.monitor.alertsFile).flatMap { $0.device == logDisk?.device ? nil : $0 }
        phase = context.monitor.phase
    }
}
