import AlertStore
import Bytes
import Foundation
import Logging
import Plan
import Runtime
import Synchronization
import Traffic

/// The test that is under way, if one is, and those that are over.
final class Simulations: Sendable {
    private struct State {
        var running: SimulationRun?
        var isClosed = false
        var whenEnded: @Sendable (SimulationAnswer) -> Void = { _ in }
    }

    private let context: ServerContext
    private let logger: Logger
    private let state = Mutex(State())

    init(_ context: ServerContext, logger: Logger) {
        self.context = context
        self.logger = logger
    }

    /// From now on calls this when a test is over, after that has been noted.
    func whenEnded(_ body: @escaping @Sendable (SimulationAnswer) -> Void) { state.withLock { $0.whenEnded = body } }

    /// The test that is under way.
    var running: SimulationAnswer? { state.withLock { $0.running }?.answer }

    /// Begins a test; nil if one is under way.
    func begin(_ plan: SimulationPlan) async throws -> SimulationAnswer? {
        let clock = try await context.reading { try $0.progress(topic: self.context.plan.name) }
        let newest = clock.compactMap(\.clockMilliseconds).max()
        let now = Date().timeIntervalSince1970
        let settings = plan.traffic(
            now: Int64(now * 1e6),
            newest: newest.map { $0 * 1000 + context.plan.disorder },
            maximumAhead: context.plan.maximumAhead
        )
        let run = SimulationRun(
            plan,
            settings: settings,
            engine: context.engine,
            feed: context.feed,
            startedMilliseconds: Int64(now * 1000)
        ) { [self] answer in end(answer) }
        let isFree = state.withLock { state in
            guard state.running == nil, !state.isClosed else { return false }
            state.running = run
            return true
        }
        guard isFree else { return nil }
        let answer = run.answer
        do {
            try await context.writing { try $0.note(answer.record) }
        } catch {
            state.withLock { $0.running = nil }
            throw error
        }
        run.begin()
        return answer
    }

    /// Ends the test before its time; nil if it is not under way.
    func stop(_ id: String) -> SimulationAnswer? {
        guard let run = state.withLock({ $0.running }), run.plan.id == id else { return nil }
        run.stop()
        return run.answer
    }

    /// Ends what is under way and begins nothing more.
    func close() {
        let run = state.withLock { state in
            state.isClosed = true
            return state.running
        }
        run?.stop()
    }

    private func end(_ answer: SimulationAnswer) {
        do {
            try context.database.note(answer.record)
        } catch {
            logger.error("the test \(answer.plan.id) could not be noted: \(error)")
        }
        let whenEnded = state.withLock { state in
            state.running = nil
            return state.whenEnded
        }
        whenEnded(answer)
    }
}

extension SimulationAnswer {
    /// As it is kept.
    var record: SimulationRecord {
        var text: [UInt8] = []
        json.write(into: &text)
        return SimulationRecord(
            id: plan.id,
            domain: plan.domain?.rawValue ?? "all",
            loadLevel: plan.load.rawValue,
            durationSeconds: plan.durationSeconds,
            seed: "\(plan.seed)",
            status: status,
            startedMilliseconds: startedMilliseconds,
            finishedMilliseconds: finishedMilliseconds,
            record: String(decoding: text, as: UTF8.self)
        )
    }
}
