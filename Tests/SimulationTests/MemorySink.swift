import Base
import Engine
import TestKit

/// A database in memory: transactions are whole or not there; a power cut takes the newest ones away, as SQLite's WAL does
/// without a sync at each commit.
final class MemorySink: AlertSink {
    /// What is told of an alert, as text: two sinks hold the same if their contents are equal.
    struct Content: Equatable, Sendable {
        var nextOffset: Int64 = 0
        var ledger = Ledger()
        var alerts: [String: String] = [:]
        var evidence: [String: String] = [:]
        var others: [Int64: String] = [:]
    }

    struct Refused: Error {}

    /// A bug on purpose, for the simulation to find.
    enum Bug: Sendable {
        case none
        /// The offset is written, and a crash may come before the alerts are.
        case offsetFirst
    }

    private struct State {
        var versions: [Content] = [Content()]
        var random: Seeded
        var failurePercent = 0
    }

    private let state: Guarded<State>
    private let bug: Bug

    init(seed: UInt64, bug: Bug = .none) {
        state = Guarded(State(random: Seeded(seed: seed)))
        self.bug = bug
    }

    var content: Content { state.withLock { $0.versions[$0.versions.count - 1] } }

    func setFailurePercent(_ percent: Int) { state.withLock { $0.failurePercent = percent } }

    /// Everything up to here is on the platter: what a checkpoint of the WAL does.
    func makeDurable() { state.withLock { $0.versions = [$0.versions[$0.versions.count - 1]] } }

    func cutPower() {
        state.withLock { state in
            state.failurePercent = 0
            state.versions.removeLast(state.random.below(state.versions.count))
        }
    }

    /// The derived rows are to be made again: the log has lost what they came from.
    func reset() { state.withLock { $0.versions.append(Content()) } }

    func commit(_ output: EngineOutput, rejectLines: [Int?]) throws {
        let isRefused = state.withLock { state in
            if state.failurePercent > 0, state.random.below(100) < state.failurePercent {
                if bug == .offsetFirst {
                    var content = state.versions[state.versions.count - 1]
                    content.nextOffset = output.nextOffset
                    content.ledger += output.ledger
                    state.versions.append(content)
                }
                return true
            }
            state.versions.append(Self.apply(output, rejectLines, to: state.versions[state.versions.count - 1]))
            return false
        }
        if isRefused { throw Refused() }
    }

    private static func apply(_ output: EngineOutput, _ rejectLines: [Int?], to old: Content) -> Content {
        var content = old
        content.nextOffset = output.nextOffset
        content.ledger += output.ledger
        for alert in output.alerts {
            var known = alert
            known.newEvidence = []
            content.alerts[alert.id] = "\(known)"
            for event in alert.newEvidence { content.evidence["\(alert.id) \(event.position)"] = "\(event)" }
        }
        for (index, reject) in output.rejected.enumerated() {
            let line = rejectLines.indices.contains(index) ? rejectLines[index] : nil
            content.others[reject.offset] = "\(reject) line \(String(describing: line))"
        }
        for late in output.late { content.others[late.offset] = "\(late)" }
        for duplicate in output.duplicates { content.others[duplicate.offset] = "\(duplicate)" }
        return content
    }
}
