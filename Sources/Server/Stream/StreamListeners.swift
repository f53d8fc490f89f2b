import Base
import Synchronization

/// Who listens at `/stream`, and what waits for each of them.
///
/// A message is made once for all. What waits for a listener is bounded: one that does not keep up loses all of it and
/// is told to load its lists anew, once, so that it need not do so again and again when it goes on.
package final class StreamListeners: Sendable {
    /// What waits for one listener.
    fileprivate final class Mailbox: Sendable {
        private let waiting = Mutex<[UInt8]>([])
        /// Rings when something came; holds one ring at most.
        let bell: AsyncStream<Void>.Continuation

        init(_ bell: AsyncStream<Void>.Continuation) {
            self.bell = bell
        }

        func put(_ message: [UInt8], bytesMax: Int) {
            waiting.withLock { waiting in
                if waiting.count + message.count > bytesMax, !waiting.isEmpty { waiting = StreamListeners.reset }
                waiting += message
            }
            bell.yield()
        }

        func takeAll() -> [UInt8] {
            waiting.withLock { waiting in
                defer { waiting = [] }
                return waiting
            }
        }
    }

    /// What one listener is told, as it goes over the wire: some whole messages at a time. It is one as long as it
    /// holds this. For one consumer.
    package struct Messages: AsyncSequence, Sendable {
        fileprivate let mailbox: Mailbox?
        fileprivate let rings: AsyncStream<Void>

        package struct Iterator: AsyncIteratorProtocol {
            fileprivate let mailbox: Mailbox?
            fileprivate var rings: AsyncStream<Void>.Iterator

            /// Waits for what comes.
            ///
            /// - Returns: Messages that are not empty; nil when the server ends or the task is cancelled.
            package mutating func next() async -> [UInt8]? {
                while await rings.next() != nil {
                    if let bytes = mailbox?.takeAll(), !bytes.isEmpty { return bytes }
                }
                return nil
            }
        }

        package func makeAsyncIterator() -> Iterator {
            Iterator(mailbox: mailbox, rings: rings.makeAsyncIterator())
        }
    }

    private struct State {
        var mailboxes: [Int: Mailbox] = [:]
        var listeners = 0
        var messages = 0
        var isClosed = false
    }

    private let state = Mutex(State())
    private let bytesMax: Int

    private static let reset = Array("event: reset\ndata: {}\n\n".utf8)

    /// - Parameter bytesMax: Bytes that wait for one listener at most, but for one message that is larger.
    package init(bytesMax: Int = 1 << 20) {
        self.bytesMax = bytesMax
    }

    package var isEmpty: Bool { state.withLock { $0.mailboxes.isEmpty } }
    package var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Messages from now on.
    ///
    /// - Parameter isReturning: It has listened before: what it has missed is not kept, so it is told to load anew.
    /// - Returns: The messages; none if the server ends.
    package func listen(isReturning: Bool) -> Messages {
        let (rings, bell) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let mailbox = Mailbox(bell)
        let id = state.withLock { state -> Int? in
            guard !state.isClosed else { return nil }
            state.listeners += 1
            state.mailboxes[state.listeners] = mailbox
            return state.listeners
        }
        guard let id else {
            bell.finish()
            return Messages(mailbox: nil, rings: rings)
        }
        bell.onTermination = { [weak self] _ in self?.state.withLock { $0.mailboxes[id] = nil } }
        // Said at once, so that a client knows that it is heard.
        mailbox.put(Array("retry: 2000\n\n".utf8), bytesMax: bytesMax)
        if isReturning { mailbox.put(Self.reset, bytesMax: bytesMax) }
        return Messages(mailbox: mailbox, rings: rings)
    }

    /// Tells all of them.
    ///
    /// - Parameters:
    ///   - event: The kind of message.
    ///   - json: What it says, in one line.
    package func tell(_ event: String, _ json: [UInt8]) {
        state.withLock { state in
            guard !state.mailboxes.isEmpty else { return }
            state.messages += 1
            let message = Array("id: \(state.messages)\nevent: \(event)\ndata: ".utf8) + json + Array("\n\n".utf8)
            for mailbox in state.mailboxes.values { mailbox.put(message, bytesMax: bytesMax) }
        }
    }

    /// Ends all streams after what waits, and every later one at once.
    package func close() {
        let mailboxes = state.withLock { state in
            defer { state.mailboxes = [:] }
            state.isClosed = true
            return Array(state.mailboxes.values)
        }
        for mailbox in mailboxes { mailbox.bell.finish() }
    }
}
