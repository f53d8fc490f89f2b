public import AlertStore
public import Delivery
import Synchronization

/// An alert that has just been written: another connection to the alerts file reads it from now on.
public struct AlertChange: Sendable {
    public enum Kind: String, Sendable {
        case opened, revised, ended
    }

    public var alert: AlertRecord
    public var kind: Kind
    /// The events that the alert has got by this change, in the order of arrival; the newest ones if they are many.
    public var eventIDs: [String]
    /// How many more it has got, before those.
    public var furtherEvents: Int
    /// When its last event came, and when the alert could be read; nanoseconds of the monotonic clock.
    public var received: Int64?
    public var committed: Int64

    /// Whether this change opened it, even if it has ended at once.
    public var isNew: Bool { !eventIDs.isEmpty && eventIDs.count + furtherEvents == alert.events }

    package init(
        alert: AlertRecord,
        kind: Kind,
        eventIDs: [String],
        furtherEvents: Int = 0,
        received: Int64?,
        committed: Int64
    ) {
        self.alert = alert
        self.kind = kind
        self.eventIDs = eventIDs
        self.furtherEvents = furtherEvents
        self.received = received
        self.committed = committed
    }
}

/// Tells whoever is interested of every commit: the dashboard's streams, running tests, the metrics.
public final class AlertFeed: CommitObserver {
    public typealias Listener = @Sendable (_ changes: [AlertChange], _ commit: EngineCommit) -> Void

    private struct State {
        var listeners: [Int: Listener] = [:]
        var next = 0
    }

    /// When events came: those of a partition before an offset, oldest first.
    private typealias Arrivals = [(end: Int64, received: Int64)]

    private let state = Mutex(State())
    private let arrivals = Mutex<[Int: Arrivals]>([:])

    public init() {}

    /// Calls the listener after every commit, on the thread that committed: it must be quick. Returns what ends it.
    public func listen(_ listener: @escaping Listener) -> Int {
        state.withLock { state in
            state.next += 1
            state.listeners[state.next] = listener
            return state.next
        }
    }

    /// Tells a listener nothing more. From any thread.
    public func stopListening(_ id: Int) { state.withLock { $0.listeners[id] = nil } }

    /// When the oldest of the partition's events came that are in no commit yet; nanoseconds of the monotonic clock.
    public func oldestArrival(partition: Int) -> Int64? {
        arrivals.withLock { $0[partition]?.first?.received }
    }

    func noteArrival(partition: Int, end: Int64, received: Int64) {
        arrivals.withLock { $0[partition, default: []].append((end, received)) }
    }

    /// Tells the listeners of a transaction's alerts, and notes how long its events took.
    public func committed(_ commit: EngineCommit) {
        let now = MonotonicClock.now()
        let partition = commit.progress.partition
        let known = arrivals.withLock { arrivals -> Arrivals in
            let known = arrivals[partition] ?? []
            arrivals[partition] = known.filter { $0.end > commit.progress.nextOffset }
            return known
        }
        var ids: [Int64: String] = [:]
        for event in commit.events { ids[event.offset] = event.eventID }
        var events: [String: [String]] = [:]
        for evidence in commit.evidence { events[evidence.alertID, default: []].append(ids[evidence.offset] ?? "") }
        let changes = commit.alerts.map { alert in
            let new = events[alert.id] ?? []
            let further = commit.furtherEvidence[alert.id] ?? 0
            return AlertChange(
                alert: alert,
                kind: alert.isEnded ? .ended : new.count + further == alert.events ? .opened : .revised,
                eventIDs: new,
                furtherEvents: further,
                received: new.isEmpty ? nil : known.first { $0.end > alert.lastOffset }?.received,
                committed: now
            )
        }
        for listener in state.withLock({ Array($0.listeners.values) }) { listener(changes, commit) }
    }
}
