import AlertStore
import Bytes
import Logging
import Runtime
import ServiceLifecycle
import Synchronization

/// Pushes what happens to whoever listens at `/stream`: alerts, decisions, tests, and each second how everything is.
///
/// A message is made once for all listeners. Each listener has a bounded buffer; one that does not keep up loses the oldest
/// messages and is told to load its lists anew. With nobody listening nothing is read or made.
final class StreamHub: Sendable, Service {
    typealias Messages = AsyncStream<[UInt8]>

    private struct Listener {
        var continuation: Messages.Continuation
        var hasLost = false
    }

    private struct State {
        var listeners: [Int: Listener] = [:]
        var next = 0
        var message = 0
        /// Alerts that have changed since the last round, oldest first.
        var changed: [String] = []
        var isClosed = false
    }

    private let context: ServerContext
    private let logger: Logger
    private let state = Mutex(State())
    private let simulations: Simulations

    /// Messages that wait for one listener at most.
    private static let bufferMax = 1024
    /// Changed alerts that one round tells of at most: the newest.
    private static let alertsMax = 200
    private static let round = Duration.milliseconds(100)
    /// Rounds between two messages of status, and of a test.
    private static let statusRounds = 10
    private static let simulationRounds = 3

    /// - Parameters:
    ///   - context: What is running.
    ///   - simulations: The tests.
    ///   - logger: Where failures are told.
    init(
        _ context: ServerContext,
        _ simulations: Simulations,
        logger: Logger
    ) {
        self.context = context
        self.logger = logger
        self.simulations = simulations
    }

    /// Messages from now on, each as it goes over the wire.
    func listen(isReturning: Bool) -> Messages {
        let (stream, continuation) = Messages.makeStream(bufferingPolicy: .bufferingNewest(Self.bufferMax))
        let id = state.withLock { state -> Int? in
            guard !state.isClosed else { return nil }
            state.next += 1
            state.listeners[state.next] = Listener(continuation: continuation)
            return state.next
        }
        guard let id else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in self?.state.withLock { $0.listeners[id] = nil } }
        continuation.yield(Array("retry: 2000\n\n".utf8))
        // What it has missed is not kept.
        if isReturning { send("reset", .object([]), to: id) }
        return stream
    }

    /// Tells of a decision of a person.
    func triaged(_ entry: ListedAlert) { send("triage", AlertAnswer.entry(entry)) }

    /// Tells of a test that is over.
    func ended(_ answer: SimulationAnswer) { send("simulation", answer.json) }

    /// Runs until the server ends, which ends the streams.
    func run() async throws {
        let listener = context.feed.listen { [weak self] changes, _ in self?.note(changes) }
        defer { context.feed.stopListening(listener) }
        await withGracefulShutdownHandler {
            await rounds()
        } onGracefulShutdown: {
            self.close()
        }
        close()
    }

    private func rounds() async {
        var number = 0
        while !state.withLock({ $0.isClosed }) {
            if state.withLock({ !$0.listeners.isEmpty }) {
                await tellAlerts()
                if number % Self.simulationRounds == 0, let test = simulations.running {
                    send("simulation", test.json)
                }
                if number % Self.statusRounds == 0 { send("status", StatusMessage.json(await .now(context))) }
            }
            number += 1
            do { try await Task.sleep(for: Self.round) } catch { return }
        }
    }

    private func close() {
        let listeners = state.withLock { state in
            defer { state.listeners = [:] }
            state.isClosed = true
            return state.listeners.values.map(\.continuation)
        }
        for listener in listeners { listener.finish() }
    }

    private func note(_ changes: [AlertChange]) {
        state.withLock { state in
            guard !state.listeners.isEmpty else { return }
            state.changed += changes.map(\.alert.id)
            let surplus = state.changed.count - 4 * Self.alertsMax
            if surplus > 0 { state.changed.removeFirst(surplus) }
        }
    }

    /// Tells of the alerts that have changed, as they are now, with what people have decided.
    private func tellAlerts() async {
        let changed = state.withLock { state in
            defer { state.changed = [] }
            return state.changed
        }
        guard !changed.isEmpty else { return }
        // The last mention of an alert is its place in the order.
        var seen: Set<String> = []
        let ids = changed.reversed().filter { seen.insert($0).inserted }.prefix(Self.alertsMax).reversed()
        do {
            for entry in try await context.reading({ try $0.entries(ids: Array(ids)) }) {
                send("alert", AlertAnswer.entry(entry))
            }
        } catch {
            logger.warning("alerts could not be read for the stream: \(error)")
        }
    }

    private func send(_ event: String, _ data: JSONValue, to only: Int? = nil) {
        var json: [UInt8] = []
        data.write(into: &json)
        state.withLock { state in
            state.message += 1
            let message = Array("id: \(state.message)\nevent: \(event)\ndata: ".utf8) + json + Array("\n\n".utf8)
            for (id, listener) in state.listeners where only == nil || only == id {
                if listener.hasLost {
                    listener.continuation.yield(Array("event: reset\ndata: {}\n\n".utf8))
                    state.listeners[id]?.hasLost = false
                }
                if case .dropped = listener.continuation.yield(message) { state.listeners[id]?.hasLost = true }
            }
        }
    }
}
