import Bytes

/// A part of the server and how it is.
package struct ServerPart: Sendable, Equatable {
    package enum Name: String, Sendable, CaseIterable {
        case log, engine, alerts, checkpoints, ingest, pipeline
    }

    package enum State: String, Sendable, CaseIterable, Comparable {
        case ok, degraded, failed

        private var rank: Int { self == .ok ? 0 : self == .degraded ? 1 : 2 }

        package static func < (left: State, right: State) -> Bool { left.rank < right.rank }
    }

    package var name: Name
    package var state: State
    /// In words, for anybody.
    package var detail: String
    /// What the system said; it may name files, so it is only for who has the token.
    package var cause: String?

    /// Everything that is known.
    package var words: String { cause.map { "\(detail): \($0)" } ?? detail }
}

/// What is known of the parts at a moment; what it means for each of them.
package struct HealthFacts: Sendable {
    package struct Partition: Sendable {
        /// Events in the log that are not accounted for in the alerts file.
        package var lag: Int64
        /// How long the oldest of them has been there.
        package var waitingSeconds: Double?
        /// Since the last checkpoint, nil before the first; and why the last one could not be written.
        package var checkpointSeconds: Double?
        package var checkpointFailure: String?

        package init(
            lag: Int64,
            waitingSeconds: Double? = nil,
            checkpointSeconds: Double? = nil,
            checkpointFailure: String? = nil
        ) {
            self.lag = lag
            self.waitingSeconds = waitingSeconds
            self.checkpointSeconds = checkpointSeconds
            self.checkpointFailure = checkpointFailure
        }
    }

    package var partitions: [Partition] = []
    package var queueBytes = 0
    package var queueLimit = 1
    /// What has stopped everything.
    package var failure: String?
    package var alertsFile = AlertsProbe.Outcome.readable
    /// How long the alerts file cannot be written, and why.
    package var alertsWait: (seconds: Double, why: String)?
    /// How long the log has had no room for more, and why.
    package var logWait: (seconds: Double, why: String)?
    /// Bytes of the alerts file's write-ahead log that are in use.
    package var alertsLogBytes = 0
    /// Of the data directory; and of the alerts file if that is on another disk.
    package var logDisk: DiskSpace?
    package var alertsDisk: DiskSpace?
    package var phase = ServerPhase.listening
    /// Events of the last minute, and how many of them were late.
    package var recent = (events: 0, late: 0)
    /// The newest event's time.
    package var clockMilliseconds: Int64?
    /// The activation in force.
    package var activation = 0
    /// Why the pipeline file that is watched is not in force.
    package var watchFailure: String?

    package init() {}

    /// More events than this, or older ones, are too much of a lag.
    package static let lagMax: Int64 = 100_000
    package static let lagSecondsMax = 10.0
    /// A longer write-ahead log is too long: somebody keeps it from being begun anew.
    package static let alertsLogMax = 256 << 20

    /// Of so many events it can be said that most of them are late.
    package static let lateEventsMin = 10

    /// How each part is, in a stable order.
    package var parts: [ServerPart] { [log, engine, alerts, checkpoints, ingest, pipeline] }

    private var log: ServerPart {
        if let failure {
            return ServerPart(
                name: .log,
                state: .failed,
                detail: "stopped, see the server's own output",
                cause: failure
            )
        }
        if let logWait {
            return ServerPart(
                name: .log,
                state: .failed,
                detail: "has waited for \(Int(logWait.seconds)) s for room: \(logWait.why); it goes on by itself"
            )
        }
        guard let logDisk else { return ServerPart(name: .log, state: .ok, detail: "writes") }
        return ServerPart(name: .log, state: logDisk.state, detail: logDisk.words)
    }

    private var engine: ServerPart {
        if let failure { return ServerPart(name: .engine, state: .failed, detail: "stopped", cause: failure) }
        let lag = partitions.reduce(0) { $0 + $1.lag }
        let detail = "\(lag) events behind"
        if queueBytes > queueLimit / 2 {
            return ServerPart(name: .engine, state: .degraded, detail: "\(detail); the queue is over half full")
        }
        if let index = partitions.firstIndex(where: { $0.lag > Self.lagMax }) {
            return ServerPart(
                name: .engine,
                state: .degraded,
                detail: "partition \(index) is \(partitions[index].lag) events behind"
            )
        }
        for (index, partition) in partitions.enumerated() {
            guard let seconds = partition.waitingSeconds, partition.lag > 0, seconds > Self.lagSecondsMax else {
                continue
            }
            return ServerPart(
                name: .engine,
                state: .degraded,
                detail: "partition \(index) is \(Int(seconds)) s behind"
            )
        }
        return ServerPart(name: .engine, state: .ok, detail: detail)
    }

    private var alerts: ServerPart {
        switch alertsFile {
        case .failed(let words):
            return ServerPart(name: .alerts, state: .failed, detail: "the alerts file cannot be read", cause: words)
        case .slow:
            return ServerPart(name: .alerts, state: .degraded, detail: "the alerts file did not answer within 1 s")
        case .readable:
            if let alertsWait {
                return ServerPart(
                    name: .alerts,
                    state: .degraded,
                    detail: "the alerts file cannot be written for \(Int(alertsWait.seconds)) s: \(alertsWait.why); "
                        + "events are taken, their alerts follow"
                )
            }
            if alertsLogBytes > Self.alertsLogMax {
                return ServerPart(
                    name: .alerts,
                    state: .degraded,
                    detail: "the write-ahead log has grown to \(alertsLogBytes >> 20) MiB: another program keeps the "
                        + "alerts file open in the middle of a read"
                )
            }
            guard let alertsDisk else { return ServerPart(name: .alerts, state: .ok, detail: "can be read") }
            return ServerPart(name: .alerts, state: alertsDisk.state, detail: alertsDisk.words)
        }
    }

    private var checkpoints: ServerPart {
        if let words = partitions.lazy.compactMap(\.checkpointFailure).first {
            return ServerPart(
                name: .checkpoints,
                state: .degraded,
                detail: "the last one could not be written; a start would take longer",
                cause: words
            )
        }
        let ages = partitions.compactMap(\.checkpointSeconds)
        let detail = ages.max().map { "the oldest is \(Int($0)) s old" } ?? "none yet since the start"
        return ServerPart(name: .checkpoints, state: .ok, detail: detail)
    }

    private var ingest: ServerPart {
        if failure != nil { return ServerPart(name: .ingest, state: .failed, detail: "takes no events") }
        if logWait != nil {
            return ServerPart(name: .ingest, state: .failed, detail: "takes no events until the log has room")
        }
        return switch phase {
        case .starting: ServerPart(name: .ingest, state: .degraded, detail: "starting")
        case .stopping: ServerPart(name: .ingest, state: .degraded, detail: "stopping: takes no new events")
        case .listening: lateness ?? ServerPart(name: .ingest, state: .ok, detail: "takes events")
        }
    }

    private var pipeline: ServerPart {
        let detail = "activation \(activation) is in force"
        guard let watchFailure else { return ServerPart(name: .pipeline, state: .ok, detail: detail) }
        return ServerPart(
            name: .pipeline,
            state: .degraded,
            detail: "the pipeline file has changed and cannot be put in force; \(detail) still",
            cause: watchFailure
        )
    }

    /// Most of what arrives is of no use: nothing looks wrong but that no alerts come.
    private var lateness: ServerPart? {
        guard recent.events >= Self.lateEventsMin, recent.late * 2 > recent.events else { return nil }
        let newest = clockMilliseconds.map { TimeParser.text(milliseconds: $0) }
        let clock = newest.map { ": older than the newest event, of \($0)" } ?? ""
        return ServerPart(
            name: .ingest,
            state: .degraded,
            detail: "\(recent.late) of the \(recent.events) events of the last minute were late\(clock)"
        )
    }
}
