import Synchronization

/// Tells how many events are durable: those, of what the log held at the start and what has come since, survive a power
/// cut.
///
/// A chunk counts once every partition has synced its share.
final class Acknowledger: Sendable {
    private struct State {
        /// The number of chunks that each partition has synced.
        var synced: [Int]
        /// Events of the chunks that have not been acknowledged, oldest first, as far as they are known.
        var pending: [Int] = []
        var acknowledgedChunks = 0
        var events: Int
    }

    private let state: Mutex<State>

    private let tell: @Sendable (Int) -> Void

    /// `events` is how many the log holds already.
    init(partitions: Int, events: Int, tell: @escaping @Sendable (Int) -> Void) {
        self.tell = tell
        state = Mutex(State(synced: Array(repeating: 0, count: partitions), events: events))
    }

    /// A partition has taken `count` events of the chunk with that number, 0 for the first.
    func noteTaken(_ count: Int, chunk: Int) {
        state.withLock { state in
            let index = chunk - state.acknowledgedChunks
            while state.pending.count <= index { state.pending.append(0) }
            state.pending[index] += count
        }
    }

    /// A partition has synced its share of the first `chunks` chunks.
    func noteSynced(partition: Int, chunks: Int) {
        state.withLock { state in
            state.synced[partition] = chunks
            let all = state.synced.min() ?? 0
            guard all > state.acknowledgedChunks else { return }
            let count = all - state.acknowledgedChunks
            state.events += state.pending.prefix(count).reduce(0, +)
            state.pending.removeFirst(min(count, state.pending.count))
            state.acknowledgedChunks = all
            // Under the lock, so that they come in order.
            tell(state.events)
        }
    }
}
