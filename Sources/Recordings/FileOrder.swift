public import Plan

/// In which order recordings are read.
public enum FileOrder: String, Sendable, CaseIterable {
    case given, time

    /// The files in that order. By time, those without an event that can be read come last, as they are given.
    public func files(
        _ paths: [String],
        _ reading: RecordingReading,
        _ plan: PipelinePlan
    ) throws(RecordingError) -> [String] {
        guard self == .time else { return paths }
        var timed: [(path: String, time: Int64)] = []
        for path in paths { timed.append((path, try Self.firstTime(path, reading, plan) ?? .max)) }
        let sorted = timed.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
        return sorted.map(\.element.path)
    }

    /// Of the first event that can be read; standard input has none, because its bytes come once.
    private static func firstTime(
        _ path: String,
        _ reading: RecordingReading,
        _ plan: PipelinePlan
    ) throws(RecordingError) -> Int64? {
        guard path != "-" else { return nil }
        let recording = try Recording(path, reading, plan: plan, chunkEvents: 64)
        recording.saysNothing = true
        let chunk = Chunk(plan: plan, capacity: 64)
        while try recording.read(into: chunk) {
            let batch = chunk.batch
            if let row = (0..<batch.count).first(where: { batch.status[$0] == 0 }) { return batch.times[row] }
        }
        return nil
    }
}
