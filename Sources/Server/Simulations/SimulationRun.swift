import Base
import Foundation
import Histogram
import Runtime
import Synchronization
import Traffic

/// One test under way: sends simulated events when they are due, whatever the engine does, and compares what is found
/// with what only the simulator knows.
final class SimulationRun: Sendable {
    private struct State {
        var answer: SimulationAnswer
        var truth = SimulationTruth()
        var acknowledgements = Histogram<UInt64>(highestTrackableValue: 3_600_000_000)
        var underWay = 0
        var failure: SubmissionError?
        var isStopping = false
        /// When the last events were acknowledged, nanoseconds.
        var lastAcknowledged: Int64 = 0
    }

    let plan: SimulationPlan
    private let engine: LiveEngine
    private let feed: AlertFeed
    private let settings: TrafficSettings
    private let state: Mutex<State>
    private let whenDone: @Sendable (SimulationAnswer) -> Void
    /// When the first event is due, nanoseconds.
    private let start: Int64
    private let acknowledged = DispatchSemaphore(value: 0)
    /// Events that came to a full queue.
    private let refused = Mutex<[(events: EventList, first: Int, count: Int)]>([])

    /// Events that are sent together at most, and how often it is looked for due ones.
    private static let batchMax = 5000
    private static let tick: Int64 = 2_000_000
    /// How long alerts of the last events are waited for.
    private static let tail: Int64 = 10_000_000_000

    init(
        _ plan: SimulationPlan,
        settings: TrafficSettings,
        engine: LiveEngine,
        feed: AlertFeed,
        startedMilliseconds: Int64,
        whenDone: @escaping @Sendable (SimulationAnswer) -> Void
    ) {
        self.plan = plan
        self.settings = settings
        self.engine = engine
        self.feed = feed
        self.whenDone = whenDone
        start = MonotonicClock.now()
        state = Mutex(State(answer: SimulationAnswer(plan: plan, startedMilliseconds: startedMilliseconds)))
    }

    /// How far it is.
    var answer: SimulationAnswer { state.withLock { $0.answer } }

    /// Ends it before its time; what was sent is waited for.
    func stop() {
        state.withLock { state in
            state.isStopping = true
            if state.answer.status == "running" { state.answer.status = "stopping" }
        }
    }

    /// Begins on a thread of its own.
    func begin() {
        let thread = Thread { self.run() }
        thread.name = "simulation"
        thread.start()
    }

    private func run() {
        let listener = feed.listen { [weak self] changes, _ in self?.note(changes) }
        send()
        finish()
        feed.stopListening(listener)
        whenDone(answer)
    }

    private func due(_ event: Int) -> Int64 { start + Int64(Double(event) * 1e9 / plan.rate) }

    private func note(_ changes: [AlertChange]) {
        guard !changes.isEmpty else { return }
        state.withLock { state in
            for change in changes { state.truth.note(change, due: due) }
            state.answer.alerts = state.truth.alerts
        }
    }

    /// Sends what is due until everything is sent, or it is to stop.
    private func send() {
        var generator = TrafficGenerator(settings)
        var sent = 0
        while sent < plan.events, !state.withLock({ $0.isStopping || $0.failure != nil }) {
            let now = MonotonicClock.now()
            let limit = min(plan.events, Int(Double(now - start) / 1e9 * plan.rate) + 1, sent + Self.batchMax)
            resubmit()
            guard limit > sent else {
                wait(until: max(due(sent), now + Self.tick))
                continue
            }
            var lines: [UInt8] = []
            var made: [TrafficGenerator.Event] = []
            while sent + made.count < limit, let event = generator.next(into: &lines) { made.append(event) }
            let first = sent
            sent += made.count
            state.withLock { state in
                for (index, event) in made.enumerated() { state.truth.add(event, number: first + index) }
                state.answer.sent = sent
                state.underWay += 1
            }
            submit(EventList(lines: lines), first: first, count: made.count)
            guard !made.isEmpty else { return }
        }
    }

    private func resubmit() {
        let waiting = refused.withLock { refused in
            defer { refused = [] }
            return refused
        }
        for (events, first, count) in waiting { submit(events, first: first, count: count) }
    }

    /// Submits events once there is room for them: meanwhile they stay due.
    private func submit(_ events: EventList, first: Int, count: Int) {
        while !engine.hasRoom(for: events) {
            guard engine.status.failure == nil else { break }
            wait(until: MonotonicClock.now() + 20_000_000)
        }
        engine.submit(events) { [self] result in
            // Somebody else may have filled the queue in between.
            if case .failure(.full) = result { return again(events, first: first, count: count) }
            note(result, first: first, count: count)
        }
    }

    /// Puts events that were refused in line for the sender.
    private func again(_ events: EventList, first: Int, count: Int) {
        refused.withLock { $0.append((events, first, count)) }
        acknowledged.signal()
    }

    private func note(_ result: Result<Receipt, SubmissionError>, first: Int, count: Int) {
        let now = MonotonicClock.now()
        state.withLock { state in
            state.underWay -= 1
            switch result {
            case .success:
                for event in first..<first + count {
                    state.acknowledgements.record(UInt64(max(0, now - due(event)) / 1000))
                }
                state.answer.acknowledged += count
                state.lastAcknowledged = now
                let seconds = Double(now - start) / 1e9
                state.answer.eventsPerSecond = Double(state.answer.acknowledged) / max(seconds, 1e-3)
            case .failure(let error):
                state.failure = state.failure ?? error
            }
        }
        acknowledged.signal()
    }

    /// Waits for what was sent, and for the alerts that it leads to, and says what came of it all.
    private func finish() {
        while state.withLock({ $0.underWay > 0 }) {
            acknowledged.wait()
            resubmit()
        }
        let ends = engine.status.partitions.map(\.endOffset)
        let limit = MonotonicClock.now() + Self.tail
        while MonotonicClock.now() < limit, engine.status.failure == nil {
            let reached = engine.status.partitions.map(\.committedOffset)
            if zip(reached, ends).allSatisfy({ $0 >= $1 }) { break }
            wait(until: MonotonicClock.now() + 20_000_000)
        }
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        state.withLock { state in
            state.answer.finishedMilliseconds = now
            state.answer.alerts = state.truth.alerts
            state.answer.results = SimulationAnswer.results(state.truth, acknowledgements: state.acknowledgements)
            state.answer.status = state.failure != nil ? "failed" : state.isStopping ? "stopped" : "finished"
        }
    }

    private func wait(until moment: Int64) {
        let rest = moment - MonotonicClock.now()
        if rest > 0 { Thread.sleep(forTimeInterval: Double(rest) * 1e-9) }
    }
}
