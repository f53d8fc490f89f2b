import Dispatch
import Synchronization

/// A number of threads that share out pieces of work. Which thread does which piece never matters to a result.
struct Workers: Sendable {
    let count: Int

    init(_ count: Int) {
        self.count = max(1, count)
    }

    /// Calls the body once for every piece, in any order and on any thread, and returns when all are done.
    func each(_ pieces: Int, _ body: @Sendable (Int) -> Void) {
        guard count > 1, pieces > 1 else {
            for piece in 0..<pieces { body(piece) }
            return
        }
        let next = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: min(count, pieces)) { _ in
            while true {
                let piece = next.add(1, ordering: .relaxed).oldValue
                guard piece < pieces else { return }
                body(piece)
            }
        }
    }

    /// The bodies' results, in the order of the pieces.
    func map<Value: Sendable>(_ pieces: Int, _ body: @Sendable (Int) -> Value) -> [Value] {
        let values = Mutex<[Value?]>(Array(repeating: nil, count: pieces))
        each(pieces) { piece in
            let value = body(piece)
            values.withLock { $0[piece] = value }
        }
        return values.withLock { $0.compactMap { $0 } }
    }

    /// Calls the body for blocks of rows.
    func eachBlock(of rowCount: Int, _ body: @Sendable (Range<Int>) -> Void) {
        let block = 16384
        each((rowCount + block - 1) / block) { piece in
            body(piece * block..<min(rowCount, (piece + 1) * block))
        }
    }
}

/// Counts finished pieces and tells how many there are.
final class FinishedCount: Sendable {
    private let count = Atomic(0)
    private let progress: @Sendable (Int) -> Void

    init(_ progress: @escaping @Sendable (Int) -> Void) {
        self.progress = progress
    }

    func finish() {
        progress(count.add(1, ordering: .relaxed).newValue)
    }
}
