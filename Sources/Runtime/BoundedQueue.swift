public import Dispatch
import Synchronization

/// Hands values from one thread to another, at most `capacity` at a time: a full queue makes the sender wait (C9).
public final class BoundedQueue<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element?]>([])
    private let room = DispatchSemaphore(value: 0)
    private let filled = DispatchSemaphore(value: 0)

    /// An empty queue for that many elements.
    public init(capacity: Int) {
        // Signalled up instead of made with a value: a semaphore below its first value must not be released.
        for _ in 0..<capacity { room.signal() }
    }

    /// Waits for room. `nil` closes the queue.
    public func send(_ element: Element?) {
        room.wait()
        elements.withLock { $0.append(element) }
        filled.signal()
    }

    /// Whether there is nothing to receive just now.
    public var isEmpty: Bool { elements.withLock { $0.isEmpty } }

    /// What a wait with an end came to.
    public enum Outcome {
        case element(Element)
        case closed
        case timedOut
    }

    /// Waits for a value, but not for ever.
    public func receive(within duration: DispatchTimeInterval) -> Outcome {
        guard filled.wait(timeout: .now() + duration) == .success else { return .timedOut }
        let element = elements.withLock { $0.removeFirst() }
        room.signal()
        return element.map { .element($0) } ?? .closed
    }

    /// A value if there is one just now. The end of the queue is left for the next call that waits.
    public func receiveIfAny() -> Element? {
        guard filled.wait(timeout: .now()) == .success else { return nil }
        let element = elements.withLock { elements -> Element? in
            if let first = elements.first, first == nil { return nil }
            return elements.removeFirst()
        }
        if element == nil { filled.signal() } else { room.signal() }
        return element
    }

    /// Waits for a value; nil once the queue is closed.
    public func receive() -> Element? {
        filled.wait()
        let element = elements.withLock { $0.removeFirst() }
        room.signal()
        return element
    }
}
