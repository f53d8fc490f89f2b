import AlertStore
import Bytes
import Logging
import Runtime
import ServiceLifecycle
import Synchronization

/// Pushes what happens to whoever listens at `/stream`: alerts, decisions, tests, and each second how everything is.
/// With nobody listening nothing is read or made.
final class StreamHub: Sendable, Service {
    private let context: ServerContext
    private let logger: Logger
    private let simulations: Simulations
    private let listeners = StreamListeners()
    /// Alerts that have changed since the last round, oldest first.
    private let changed = Mutex<[String]>([])

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
    func listen(isReturning: Bool) -> StreamListeners.Messages { listeners.listen(isReturning: isReturning) }

    /// Tells of a decision of a person.
    func triaged(_ entry: ListedAlert) { send("triage", AlertAnswer.entry(entry)) }

    /// Tells that something else is in force.
    func activated(_ number: Int) { send("activation", .object([.init("number", .integer(number))])) }

    /// Tells of a test that is over.
    func ended(_ answer: SimulationAnswer) { send("simulation", answer.json) }

    /// Runs until the server ends, which ends the streams.
    func run() async throws {
        let listener = context.feed.listen { [weak self] changes, _ in self?.note(changes) }
        defer { context.feed.stopListening(listener) }
        await withGracefulShutdownHandler {
            await rounds()
        } onGracefulShutdown: {
            self.listeners.close()
        }
        listeners.close()
    }

    private func rounds() async {
        var number = 0
        while !listeners.isClosed {
            if !listeners.isEmpty {
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

    private func note(_ changes: [AlertChange]) {
        guard !listeners.isEmpty else { return }
        changed.withLock { changed in
            changed += changes.map(\.alert.id)
            let surplus = changed.count - 4 * Self.alertsMax
            if surplus > 0 { changed.removeFirst(surplus) }
        }
    }

    /// Tells of the alerts that have changed, as they are now, with what people have decided.
    private func tellAlerts() async {
        let changed = changed.withLock { changed in
            defer { changed = [] }
            return changed
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

    private func send(_ event: String, _ data: JSONValue) {
        guard !listeners.isEmpty else { return }
        var json: [UInt8] = []
        data.write(into: &json)
        listeners.tell(event, json)
    }
}
