import AlertStore
import Dispatch
import NIOPosix
import Synchronization

/// Asks whether the alerts file can be read now. One question at a time, however many want to know.
package final class AlertsProbe: Sendable {
    package enum Outcome: Sendable, Equatable {
        case readable
        /// No answer yet.
        case slow
        case failed(String)
    }

    private typealias Waiter = CheckedContinuation<Outcome, Never>

    private struct State {
        var isAsking = false
        var waiters: [Int: Waiter] = [:]
        var next = 0
    }

    private let state = Mutex(State())
    private let question: @Sendable () throws(AlertStoreError) -> Void
    private let limit: DispatchTimeInterval

    /// - Parameters:
    ///   - limit: How long an answer may take.
    ///   - question: Something that is quickly answered if the file can be read.
    package init(within limit: DispatchTimeInterval, _ question: @escaping @Sendable () throws(AlertStoreError) -> Void)
    {
        self.limit = limit
        self.question = question
    }

    /// The answer, or that there is none within the limit.
    ///
    /// - Parameter waiting: Called once it is certain that the next answer is this caller's, too.
    /// - Returns: What is known within the limit.
    package func outcome(waiting: @Sendable () -> Void = {}) async -> Outcome {
        await withCheckedContinuation { waiter in
            let (id, asks) = state.withLock { state in
                state.next += 1
                state.waiters[state.next] = waiter
                defer { state.isAsking = true }
                return (state.next, !state.isAsking)
            }
            waiting()
            DispatchQueue.global().asyncAfter(deadline: .now() + limit) { [self] in
                state.withLock { $0.waiters.removeValue(forKey: id) }?.resume(returning: .slow)
            }
            if asks { NIOThreadPool.singleton.submit { [self] _ in ask() } }
        }
    }

    private func ask() {
        var outcome = Outcome.readable
        do throws(AlertStoreError) {
            try question()
        } catch {
            switch error {
            case .busy, .tooSlow: outcome = .slow
            default: outcome = .failed(error.description)
            }
        }
        let waiters = state.withLock { state in
            defer {
                state.waiters = [:]
                state.isAsking = false
            }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume(returning: outcome) }
    }
}
