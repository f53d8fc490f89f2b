import Engine
import Synchronization

/// What became of events that were submitted: told once all of them are durable.
public struct Receipt: Sendable, Equatable {
    /// One event that was not accepted.
    public struct LineError: Sendable, Equatable {
        public var line: Int
        public var field: String?
        public var reason: String
    }

    public var accepted = 0
    public var rejected = 0
    public var late = 0
    public var duplicate = 0
    /// The log had the events already, from an earlier delivery under the same key.
    public var isReplayed = false
    /// The first ``errorsKept`` of those that were not accepted, by line.
    public var errors: [LineError] = []

    public static let errorsKept = 100

    public init() {}
}

/// Why events were not taken.
public enum SubmissionError: Error, Sendable, Equatable {
    /// The queue is full: to be tried again later.
    case full
    /// The server is about to end.
    case stopping
    /// What became of events that were taken earlier cannot be looked up: another program holds the alerts file.
    case busy
    /// The log has no room for them, in words why: to be tried again later. A part of them may have been taken.
    case noRoom(String)
    /// The disk has failed; nothing is taken until the program is started anew.
    case failed(String)
    /// The same key is being worked on.
    case keyInProgress
    /// The key has been used for other events.
    case keyReused
}

/// Events on their way to the log.
final class Pending: Sendable {
    typealias Completion = @Sendable (Result<Receipt, SubmissionError>) -> Void

    private struct State {
        var receipt = Receipt()
        /// Chunks that hold events of it and are not durable yet, and one more until all of them are known.
        var chunks = 1
        var failure: SubmissionError?
        var newChunks = 0
    }

    let events: EventList
    /// Who sends them, if they may come twice.
    let producerID: Int64?
    /// When they came, nanoseconds of the monotonic clock.
    let received: Int64
    private let completion: Completion
    private let state = Mutex(State())

    init(_ events: EventList, producerID: Int64?, completion: @escaping Completion) {
        self.events = events
        self.producerID = producerID
        self.completion = completion
        received = MonotonicClock.now()
    }

    func addChunk() { state.withLock { $0.chunks += 1 } }

    func note(_ kind: Refusal.Kind, line: Int) {
        state.withLock { state in
            switch kind {
            case .rejected(let field, let reason):
                state.receipt.rejected += 1
                Self.keep(.init(line: line, field: field, reason: reason), in: &state.receipt)
            case .late:
                state.receipt.late += 1
                Self.keep(
                    .init(line: line, field: nil, reason: "late: older than the clock allows"),
                    in: &state.receipt
                )
            case .duplicate:
                state.receipt.duplicate += 1
                Self.keep(
                    .init(line: line, field: nil, reason: "duplicate: its id has been accepted before"),
                    in: &state.receipt
                )
            }
        }
    }

    /// A partition's log has other events under the key: no more of these are to follow.
    func refuse() { state.withLock { $0.failure = $0.failure ?? .keyReused } }

    var isRefused: Bool { state.withLock { $0.failure == .keyReused } }

    /// A partition has taken a share that is new to the log.
    func noteNew() { state.withLock { $0.newChunks += 1 } }

    /// A chunk is durable, or has failed.
    func finishChunk(_ failure: SubmissionError? = nil) {
        let result = state.withLock { state -> Result<Receipt, SubmissionError>? in
            state.chunks -= 1
            state.failure = state.failure ?? failure
            guard state.chunks == 0 else { return nil }
            if let failure = state.failure { return .failure(failure) }
            var receipt = state.receipt
            receipt.accepted = events.count - receipt.rejected - receipt.late - receipt.duplicate
            receipt.isReplayed = producerID != nil && state.newChunks == 0 && events.count > 0
            Self.keepFirst(of: &receipt.errors)
            return .success(receipt)
        }
        if let result { completion(result) }
    }

    private static func keep(_ error: Receipt.LineError, in receipt: inout Receipt) {
        receipt.errors.append(error)
        // Each partition tells of its own lines, so that a later error may be of an earlier line.
        if receipt.errors.count == 2 * Receipt.errorsKept { keepFirst(of: &receipt.errors) }
    }

    private static func keepFirst(of errors: inout [Receipt.LineError]) {
        errors.sort { $0.line < $1.line }
        errors.removeLast(max(0, errors.count - Receipt.errorsKept))
    }
}
