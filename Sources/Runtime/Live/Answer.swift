import Dispatch
import Synchronization

/// What one thread asks and another one answers, once.
final class Answer<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    private let given = DispatchSemaphore(value: 0)

    func give(_ answer: Value) {
        value.withLock { $0 = answer }
        given.signal()
    }

    /// Waits for the answer.
    func wait() -> Value {
        given.wait()
        guard let answer = value.withLock({ $0 }) else { preconditionFailure("An answer is given before it is told.") }
        return answer
    }
}
