public import AlertStore
import Foundation
public import Models
public import Plan
public import Runtime
import Synchronization

/// Where a server is in its life.
package enum ServerPhase: Sendable {
    case starting, listening, stopping
}

/// Counts what a running data directory does, as its commits tell.
public final class ServerMonitor: Sendable {
    /// The sums so far.
    struct Figures: Sendable {
        /// As the alerts file has them: from its ledger at the start, and each commit added.
        var totals: LedgerTotals
        /// The newest event's time.
        var clockMilliseconds: Int64?
        var recent: RecentFigures
    }

    let startedMilliseconds = Int64(Date().timeIntervalSince1970 * 1000)
    /// Where events and state are kept, and the alerts file.
    let directory: String
    let alertsFile: String
    private let figures: Mutex<Figures>
    private let state = Mutex(ServerPhase.starting)
    private let instruments: CommitInstruments

    /// To be made when the directory has been opened, and before anything else writes to it.
    ///
    /// - Parameters:
    ///   - directory: What runs.
    ///   - feed: What tells of its commits.
    ///   - plan: The pipeline.
    ///   - bindings: Its models, by their detectors' positions.
    /// - Throws: ``AlertStoreError``
    public init(
        _ directory: DataDirectory,
        feed: AlertFeed,
        plan: PipelinePlan,
        bindings: [Int: ModelBinding]
    ) throws(AlertStoreError) {
        instruments = CommitInstruments(plan, bindings)
        self.directory = directory.path
        alertsFile = directory.database.path
        figures = Mutex(
            Figures(
                totals: try directory.database.totals(),
                clockMilliseconds: try directory.database.progress().compactMap(\.progress.clockMilliseconds).max(),
                recent: RecentFigures(start: MonotonicClock.now())
            )
        )
        // The monitor lives as long as the process.
        _ = feed.listen { [self] changes, commit in
            instruments.note(changes, commit)
            note(changes, commit.progress)
        }
    }

    /// Counts what other definitions lead to, too.
    func follow(_ definitions: LoadedDefinitions) { instruments.expect(definitions.plan, definitions.bindings) }

    /// Whether the server takes requests.
    package var phase: ServerPhase {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }

    /// Everything so far.
    var now: Figures { figures.withLock { $0 } }

    private func note(_ changes: [AlertChange], _ progress: PartitionProgress) {
        let opened = changes.count(where: \.isNew)
        let latencies = changes.compactMap { change in change.received.map { change.committed - $0 } }
        let now = MonotonicClock.now()
        figures.withLock { figures in
            figures.totals.events += progress.events
            figures.totals.ok += progress.ok
            figures.totals.late += progress.late
            figures.totals.duplicate += progress.duplicate
            figures.totals.rejected += progress.rejected
            figures.totals.alerts += opened
            figures.clockMilliseconds = [figures.clockMilliseconds, progress.clockMilliseconds].compactMap(\.self).max()
            figures.recent.note(
                at: now,
                events: progress.events,
                late: progress.late,
                alerts: opened,
                latencies: latencies
            )
        }
    }
}
