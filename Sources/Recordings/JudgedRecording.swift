public import Engine
public import Ingest
public import Plan

/// Reads a recording's chunks, decoded, and judged by the event clock.
public final class JudgedRecording {
    public let recording: Recording
    private let plan: PipelinePlan
    private var judge: ChunkJudge
    private let sequel: Sequel?
    private var later: RecordingClock.Later?
    private var spare: [Chunk] = []
    private var isAtEnd = false
    /// Behind the last chunk that was given out.
    private var given: RecordingPosition
    /// What ended the reading, to be thrown behind what was read before.
    private var failure: RecordingError?

    /// Goes on from what the clock knows; a sequel decides what the recording's end leaves open.
    public init(_ recording: Recording, plan: PipelinePlan, from start: RecordingClock, sequel: Sequel? = nil) {
        self.sequel = sequel
        later = start.later
        self.recording = recording
        self.plan = plan
        given = recording.position
        judge = ChunkJudge(plan: plan, from: start, chunkEvents: recording.chunkEvents)
    }

    /// What the clock knows behind the last event that was read; what the sequel has decided is open there.
    public var end: ClockState { judge.end }

    /// How far the recording has been given out.
    public var position: RecordingPosition { judge.isHolding ? given : recording.position }

    /// The next chunk; nil at the recording's end. `chunk` is filled with what comes, and given out now or later.
    ///
    /// - Throws: ``RecordingError``; what was read before has been given out.
    public func next(_ chunk: Chunk) throws(RecordingError) -> Chunk? {
        spare.append(chunk)
        while true {
            if let chunk = judge.next() {
                given = chunk.end
                return chunk
            }
            if isAtEnd, !judge.isHolding {
                guard let failure else { return nil }
                throw failure
            }
            if isAtEnd {
                judge.decide(by: sequel)
            } else if judge.isHolding, recording.isSilent {
                judge.decide()
            } else {
                read()
            }
        }
    }

    private func read() {
        let chunk = spare.popLast() ?? Chunk(plan: plan, capacity: recording.chunkEvents)
        do throws(RecordingError) {
            let start = recording.position.byte
            guard try recording.read(into: chunk) else {
                isAtEnd = true
                return spare.append(chunk)
            }
            if let later, start >= later.byte {
                judge.goOn(from: later.state)
                self.later = nil
            }
            judge.add(chunk)
        } catch {
            failure = error
            isAtEnd = true
        }
    }
}
