import Engine
import Plan

/// The recordings that a data directory has taken events of, and how far each partition has got in them.
struct KnownRecordings {
    /// By partition, then by the recording's number.
    let marks: [[Int: SourceMark]]

    /// Which recording a file is, by its bytes, and from where on some partition still needs it; a new number for a file
    /// that has not been seen. Standard input is taken for the last recording if it `resumes`.
    func match(
        _ path: String,
        format: RecordingFormat?,
        plan: PipelinePlan,
        resumes: Bool
    ) throws(CommandError) -> (input: Int, start: RecordingPosition) {
        let known = Set(marks.flatMap(\.keys)).sorted(by: >)
        let fresh = (known.first ?? 0) + 1
        if path == "-" {
            guard resumes, let last = known.first else { return (fresh, RecordingPosition()) }
            return (last, start(of: last))
        }
        for input in known {
            let furthest = marks.compactMap { $0[input] }.max { $0.position.byte < $1.position.byte }
            guard let furthest else { continue }
            let probe = try Recording(path, format: format, plan: plan, chunkEvents: 1)
            do throws(CommandError) {
                try probe.skip(to: furthest.position)
                return (input, start(of: input))
            } catch {
                guard case .input = error else { throw error }
            }
        }
        return (fresh, RecordingPosition())
    }

    private func start(of input: Int) -> RecordingPosition {
        let positions = marks.map { $0[input]?.position ?? RecordingPosition() }
        return positions.min { $0.byte < $1.byte } ?? RecordingPosition()
    }
}
