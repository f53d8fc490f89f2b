import Base
import Synchronization

/// The keys under which events came lately, and what became of them.
///
/// Who has sent what is in the log itself: the key's hash is the producer of the first batch, the number behind it that
/// of the next one, and so on, so a second delivery is told after a restart, too. Here is what the log does not hold:
/// the answers, and which keys are being worked on.
final class IdempotencyKeys: Sendable {
    struct Entry: Sendable, Equatable {
        var key: String
        var fingerprint: String
        /// The key as the log knows it: the first of its producers.
        var producerID: Int64
    }

    enum Outcome {
        case new(Entry)
        case known(Result<Receipt, SubmissionError>)
    }

    private struct Known {
        var fingerprint: String
        /// Nil while it is being worked on.
        var receipt: Receipt?
    }

    private struct State {
        var known: [String: Known] = [:]
        /// The keys, oldest first.
        var order: [String] = []
    }

    private let state = Mutex(State())

    /// As many as the log remembers of a partition, if each has one batch.
    static let limit = 4096

    func begin(_ key: String, _ events: EventList) -> Outcome {
        let fingerprint = SHA256.hexadecimal(of: events.bytes)
        return state.withLock { state in
            if let known = state.known[key] {
                guard known.fingerprint == fingerprint else { return .known(.failure(.keyReused)) }
                guard var receipt = known.receipt else { return .known(.failure(.keyInProgress)) }
                receipt.isReplayed = true
                return .known(.success(receipt))
            }
            state.known[key] = Known(fingerprint: fingerprint)
            state.order.append(key)
            if state.order.count > Self.limit { state.known[state.order.removeFirst()] = nil }
            return .new(Entry(key: key, fingerprint: fingerprint, producerID: Self.producerID(key)))
        }
    }

    /// Keeps the answer; a key whose events were not taken is free again.
    func end(_ entry: Entry, _ result: Result<Receipt, SubmissionError>) {
        state.withLock { state in
            guard state.known[entry.key]?.fingerprint == entry.fingerprint else { return }
            if case .success(let receipt) = result {
                state.known[entry.key]?.receipt = receipt
            } else {
                state.known[entry.key] = nil
                state.order.removeAll { $0 == entry.key }
            }
        }
    }

    private static func producerID(_ key: String) -> Int64 {
        let digest = SHA256.hexadecimal(of: Array(key.utf8))
        return Int64((UInt64(digest.prefix(16), radix: 16) ?? 0) & UInt64(Int64.max))
    }
}
