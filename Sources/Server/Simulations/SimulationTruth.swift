import Base
import Histogram
import Runtime
import Traffic

/// What is known of a test's events, which no detector sees; and what was found of it.
package struct SimulationTruth {
    /// One person's sequence of events.
    private struct Session {
        var pattern: Pattern
        /// Events that it would have, and that it has: the test's end cuts those that are under way.
        var length: Int
        var sent = 0
        var isAlerted = false

        var isWhole: Bool { sent >= length }
    }

    private struct Known {
        var session: Int32
        var event: Int32
    }

    /// What came of a kind of behaviour: of whole sessions, and of those that the test's end has cut, which may have
    /// had no time to show what they are.
    package struct PatternResult: Sendable {
        package var pattern: Pattern
        package var sessions = 0
        package var alerted = 0
        package var cutSessions = 0
        package var cutAlerted = 0
    }

    private var sessions: [Session] = []
    private var sessionOfActor: [String: Int32] = [:]
    private var events: [Text: Known] = [:]
    package private(set) var alerts = 0
    /// From when an event was due until its alert could be read, microseconds.
    package private(set) var latency = Histogram<UInt64>(highestTrackableValue: 3_600_000_000)

    package init() {}

    /// Notes an event before it is sent; `number` counts the test's events from 0.
    package mutating func add(_ event: TrafficGenerator.Event, number: Int) {
        let key = event.actor + event.pattern.rawValue
        let session: Int32
        if let known = sessionOfActor[key] {
            session = known
        } else {
            session = Int32(sessions.count)
            sessions.append(Session(pattern: event.pattern, length: event.sequenceLength))
            sessionOfActor[key] = session
        }
        sessions[Int(session)].sent += 1
        events[Text(event.id)] = Known(session: session, event: Int32(number))
    }

    /// Notes an alert, if it is of this test; `due` says when an event was due, nanoseconds.
    package mutating func note(_ change: AlertChange, due: (Int) -> Int64) {
        let known = change.eventIDs.compactMap { events[Text($0)] }
        guard let last = known.last else { return }
        if change.kind == .opened { alerts += 1 }
        for event in known { sessions[Int(event.session)].isAlerted = true }
        latency.record(UInt64(max(0, change.committed - due(Int(last.event))) / 1000))
    }

    /// By pattern, frauds first, each in the order of the simulator.
    package var perPattern: [PatternResult] {
        var found: [Pattern: PatternResult] = [:]
        for session in sessions {
            let count = session.isWhole ? \PatternResult.sessions : \.cutSessions
            let alerted = session.isWhole ? \PatternResult.alerted : \.cutAlerted
            found[session.pattern, default: PatternResult(pattern: session.pattern)][keyPath: count] += 1
            if session.isAlerted { found[session.pattern]?[keyPath: alerted] += 1 }
        }
        let order = Pattern.allCases.filter(\.isFraud) + Pattern.allCases.filter { !$0.isFraud }
        return order.compactMap { found[$0] }
    }
}
