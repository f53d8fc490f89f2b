import Dispatch
public import Plan
import Synchronization

/// Consecutive chunks of a recording that several threads read and decode together.
///
/// Reading is a quarter of the work and one thread's at a time; while one reads, the others decode what they have read.
public final class ChunkGroup: @unchecked Sendable {
    // Chunk i and decoder t are used by one thread at a time: the one that took number i, and thread t.

    public private(set) var chunks: [Chunk]
    private let plan: PipelinePlan
    private let decoders: [ChunkDecoder]

    private struct State {
        /// Chunks of the group that have been read.
        var count = 0
        /// There is nothing more to read for now, or ever.
        var isClosed = false
        var error: RecordingError?
    }

    private let state = Mutex(State())

    public init(plan: PipelinePlan, threads: Int, chunks: Int, events: Int) {
        self.plan = plan
        decoders = (0..<threads).map { _ in ChunkDecoder(plan: plan, capacity: events) }
        self.chunks = (0..<chunks).map { _ in Chunk(plan: plan, capacity: events) }
    }

    /// Reads and decodes the next chunks, as many as there are places, and returns how many: 0 at the end. A live
    /// source that has nothing more for now ends the group early.
    ///
    /// - Throws: ``RecordingError``; after the chunks before it have been given out.
    public func fill(from recording: Recording) throws(RecordingError) -> Int {
        let failure = state.withLock { state in
            defer { state = State() }
            return state.error
        }
        if let failure { throw failure }
        if decoders.count == 1 {
            fill(thread: 0, Source(recording))
        } else {
            let source = Source(recording)
            DispatchQueue.concurrentPerform(iterations: decoders.count) { fill(thread: $0, source) }
        }
        let (count, error) = state.withLock { ($0.count, $0.error) }
        if count == 0, let error { throw error }
        return count
    }

    /// The recording is used under the lock only.
    private struct Source: @unchecked Sendable {
        let recording: Recording

        init(_ recording: Recording) { self.recording = recording }
    }

    /// Puts an empty chunk into the place of one that somebody keeps.
    public func replace(_ number: Int) { chunks[number] = Chunk(plan: plan, capacity: chunks[number].batch.capacity) }

    private func fill(thread: Int, _ source: Source) {
        while let number = state.withLock({ state in read(&state, source) }) { decoders[thread].decode(chunks[number]) }
    }

    private func read(_ state: inout State, _ source: Source) -> Int? {
        guard !state.isClosed, state.count < chunks.count else { return nil }
        do throws(RecordingError) {
            guard try source.recording.fill(chunks[state.count]) else {
                state.isClosed = true
                return nil
            }
        } catch {
            state.error = error
            state.isClosed = true
            return nil
        }
        state.isClosed = source.recording.hasPaused
        state.count += 1
        return state.count - 1
    }
}
