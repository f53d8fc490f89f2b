import Models
import Runtime
import Synchronization

/// Explains the predictions of requests that come at the same time together: the explanation is most of what a request
/// costs, and several take hardly longer than one. A request that comes alone does not wait for others.
final class ReasonQueue: Sendable {
    private struct Waiting {
        var predictions: [Prediction]
        var continuation: CheckedContinuation<[[Reason]], Never>
    }

    private struct State {
        var waiting: [Waiting] = []
        var isRunning = false
    }

    private let predictor: Predictor
    private let state = Mutex(State())

    /// Predictions that are explained at once; the first of those that wait go on before the last are looked at.
    private static let together = 64

    init(_ predictor: Predictor) {
        self.predictor = predictor
    }

    /// The features that moved each prediction's score most.
    func reasons(of predictions: [Prediction]) async -> [[Reason]] {
        guard !predictions.isEmpty else { return [] }
        return await withCheckedContinuation { continuation in
            let starts = state.withLock { state in
                state.waiting.append(Waiting(predictions: predictions, continuation: continuation))
                defer { state.isRunning = true }
                return !state.isRunning
            }
            // Not on the thread of a request: it would go on for those that come meanwhile.
            if starts { Task { run() } }
        }
    }

    private func run() {
        while true {
            let taken = state.withLock { state -> [Waiting] in
                var count = 0
                var rows = 0
                while count < state.waiting.count, rows < Self.together {
                    rows += state.waiting[count].predictions.count
                    count += 1
                }
                if count == 0 { state.isRunning = false }
                defer { state.waiting.removeFirst(count) }
                return Array(state.waiting[..<count])
            }
            guard !taken.isEmpty else { return }
            let found = predictor.explain(taken.flatMap(\.predictions))
            var start = 0
            for waiting in taken {
                waiting.continuation.resume(returning: Array(found[start..<start + waiting.predictions.count]))
                start += waiting.predictions.count
            }
        }
    }
}
