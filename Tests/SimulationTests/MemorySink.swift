import Base
import Engine
import Partition
import Plan
import TestKit

/// A database in memory: transactions are whole or not there; a power cut takes the newest ones away, as SQLite's WAL does
/// without a sync at each commit.
final class MemorySink: AlertSink {
    /// What is told of an alert, as numbers (texts by their hash, reals by their bits, so that a missing value equals
    /// another one): two sinks hold the same if their contents are equal.
    struct Content: Equatable, Sendable {
        var nextOffset: Int64 = 0
        var activation = 1
        var ledger = Ledger()
        var alerts: [String: [UInt64]] = [:]
        var evidence: [String: [UInt64]] = [:]
        var others: [Int64: [UInt64]] = [:]
        /// By the alerts' identifiers.
        var words: [String: AlertWords] = [:]
    }

    struct Refused: Error {}

    /// A bug on purpose, for the simulation to find.
    enum Bug: Sendable {
        case none
        /// The offset is written, and a crash may come before the alerts are.
        case offsetFirst
        /// It says that it has synced, and has not.
        case lyingSync
    }

    private struct State {
        var versions: [Content] = [Content()]
        var random: Seeded
        var failurePercent = 0
        var busyPercent = 0
    }

    private let state: Guarded<State>
    private let bug: Bug

    init(seed: UInt64, bug: Bug = .none) {
        state = Guarded(State(random: Seeded(seed: seed)))
        self.bug = bug
    }

    var content: Content { state.withLock { $0.versions[$0.versions.count - 1] } }

    /// How often somebody else is writing.
    func setBusyPercent(_ percent: Int) { state.withLock { $0.busyPercent = percent } }

    func setFailurePercent(_ percent: Int) { state.withLock { $0.failurePercent = percent } }

    func sync() throws(SinkError) {
        let isRefused = state.withLock { $0.failurePercent > 0 && $0.random.below(100) < $0.failurePercent }
        if isRefused { throw .failed(Refused()) }
        if bug != .lyingSync { makeDurable() }
    }

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

    func commit(_ output: EngineOutput, further: FurtherEvidence) throws(SinkError) {
        let isBusy = state.withLock { $0.busyPercent > 0 && $0.random.below(100) < $0.busyPercent }
        guard !isBusy else { throw .busy(Refused()) }
        var evidence: [String: [UInt64]] = [:]
        do {
            for alert in output.alerts {
                for event in alert.newEvidence { evidence["\(alert.id) \(event.position)"] = Self.numbers(event) }
                try further(alert) { evidence["\(alert.id) \($0.position)"] = Self.numbers($0) }
            }
        } catch {
            throw .failed(error)
        }
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
            var content = Self.apply(output, to: state.versions[state.versions.count - 1])
            content.evidence.merge(evidence) { $1 }
            state.versions.append(content)
            return false
        }
        if isRefused { throw .failed(Refused()) }
    }

    private static func apply(_ output: EngineOutput, to old: Content) -> Content {
        var content = old
        content.nextOffset = output.nextOffset
        content.activation = output.activation
        content.ledger += output.ledger
        for alert in output.alerts {
            content.alerts[alert.id] = numbers(alert)
            content.words[alert.id] = words(alert)
        }
        for reject in output.rejected {
            content.others[reject.offset] = [0, hash(reject.reason), hash(reject.raw), UInt64(reject.line ?? 0)]
        }
        for late in output.late {
            content.others[late.offset] = [1, hash(late.eventID), bits(late.time), bits(late.clock)]
        }
        for duplicate in output.duplicates {
            content.others[duplicate.offset] = [
                2, hash(duplicate.eventID), bits(duplicate.time), bits(duplicate.firstOffset),
            ]
        }
        return content
    }

    private static func words(_ alert: AlertUpdate) -> AlertWords {
        let names = alert.detector.definitions.features.map(\.name)
        return AlertWords(
            detector: alert.detector.version,
            activation: alert.activation,
            opened: alert.openedOffset,
            last: alert.lastOffset,
            events: alert.eventCount,
            first: alert.firstTime,
            isEnded: alert.isEnded,
            features: Dictionary(uniqueKeysWithValues: zip(names, alert.features.map { AlertWords.bits($0) }))
        )
    }

    private static func numbers(_ alert: AlertUpdate) -> [UInt64] {
        let reals = [alert.score, alert.peakScore, alert.amount] + alert.features
        let integers = [
            Int64(alert.eventCount), alert.openedTime, alert.firstTime, alert.lastTime,
            alert.openedOffset, alert.lastOffset, Int64(alert.revisions), alert.isEnded ? 1 : 0,
        ]
        return [hash(alert.detector.name), hash(alert.type), hash(alert.entityKey)] + reals.map(\.bitPattern)
            + integers.map { bits($0) }
    }

    private static func numbers(_ event: Evidence) -> [UInt64] {
        [
            bits(event.offset), bits(event.time), hash(event.eventID), (event.amount ?? .nan).bitPattern,
            (event.score ?? .nan).bitPattern, hash(event.role.rawValue), hash(event.payload),
        ]
    }

    private static func bits(_ number: Int64) -> UInt64 { UInt64(bitPattern: number) }

    private static func hash(_ text: String) -> UInt64 { Text(text).hash64 }

    private static func hash(_ bytes: [UInt8]) -> UInt64 { bytes.withUnsafeBytes { Text($0).hash64 } }
}

extension PartitionRunner {
    /// Commits; a busy sink takes it another time.
    func commitUnlessBusy() throws(RunnerError) {
        do throws(RunnerError) {
            try commit()
        } catch {
            guard error.passes else { throw error }
        }
    }
}
