import Engine
public import Ingest
import Partition
public import Plan
public import Recordings

/// The recordings that a data directory has taken events of, and what each partition has taken of them.
public struct KnownRecordings {
    /// By partition, then by the recording's number.
    public let partitions: [[Int: RecordingMarks]]

    /// By partition, then by the number of the recording.
    public init(partitions: [[Int: RecordingMarks]]) { self.partitions = partitions }

    /// A recording, and where reading it begins.
    public struct Match {
        public var input: Int
        public var start = RecordingPosition()
        /// Where runs before have stopped behind that: it must be the same bytes up to there.
        public var landmarks: [RecordingPosition] = []

        /// Up to where some run has read it.
        public var end: RecordingPosition { landmarks.last ?? start }
    }

    /// A recording that has not been seen, whatever its bytes are.
    public var fresh: Match { Match(input: (partitions.flatMap(\.keys).max() ?? 0) + 1) }

    /// Which recording a file is, by its bytes, and from where on some partition still needs it for a range of event
    /// time; a new number for a file that has not been seen. A pipe is taken for the last recording if it `resumes`.
    public func match(
        _ path: String,
        reading: RecordingReading,
        plan: PipelinePlan,
        range: TimeRange = .all,
        resumes: Bool
    ) throws(RecordingError) -> Match {
        let known = Set(partitions.flatMap(\.keys)).sorted(by: >)
        // What can be read but once is not looked at before.
        if !FileSource.isFile(path) {
            guard resumes, let last = known.first else { return fresh }
            return try found(last, path, plan, range)
        }
        for input in known {
            guard let furthest = marks(of: input).max(by: { $0.position.byte < $1.position.byte }) else { continue }
            let probe = try Recording(path, reading, plan: plan, chunkEvents: 1)
            do throws(RecordingError) {
                try probe.skip(to: furthest.position)
            } catch {
                // It is another one.
                continue
            }
            return try found(input, path, plan, range)
        }
        return fresh
    }

    /// What the event clock knows where reading a recording begins, as the log has it. `newest` is the newest event
    /// time of the data directory, microseconds.
    public func clock(of match: Match, plan: PipelinePlan, newest: Int64?) -> RecordingClock {
        let own = marks(of: match.input)
        let latest = latest(partitions.flatMap(\.values).flatMap(\.marks), plan)
        let now = latest.moved(to: newest)
        var start = RecordingClock(own.lazy.compactMap(\.clock?.before).first ?? now)
        if match.start.byte > 0 {
            start.state = own.first { $0.position == match.start && $0.clock != nil }?.clock?.state ?? now
        }
        if let furthest = own.map(\.position.byte).max(), latest.isLater(than: self.latest(own, plan)) {
            start.later = RecordingClock.Later(byte: furthest, state: now)
        }
        return start
    }

    /// What it knew last.
    private func latest(_ marks: [SourceMark], _ plan: PipelinePlan) -> ClockState {
        let nothing = ClockState(entities: plan.entities.count)
        return marks.lazy.compactMap(\.clock?.state).filter { $0.entityCount == plan.entities.count }
            .reduce(nothing) { $1.isLater(than: $0) ? $1 : $0 }
    }

    private func marks(of input: Int) -> [SourceMark] { partitions.flatMap { $0[input]?.marks ?? [] } }

    private func found(
        _ input: Int,
        _ path: String,
        _ plan: PipelinePlan,
        _ range: TimeRange
    ) throws(RecordingError) -> Match {
        let recordings = partitions.map { $0[input] }
        let readings = plan.readingChecksums
        guard recordings.allSatisfy({ $0?.isReadable(by: readings) ?? true }) else {
            throw .otherReading(
                "\(path) was taken in part, by --from/--to, with a pipeline that has another schema or partitions otherwise: "
                    + "which of its events are left cannot be told; take the rest with that pipeline, or replay the whole "
                    + "into another --data-dir"
            )
        }
        let start = RecordingMarks.start(of: range, recordings)
        let landmarks = marks(of: input).map(\.position).filter { $0.byte > start.byte }
        return Match(input: input, start: start, landmarks: landmarks.sorted { $0.byte < $1.byte })
    }
}
