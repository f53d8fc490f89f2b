import Tables

/// The judged events with their scores, as CSV, for other programs to judge again.
public final class ScoreFile {
    private let file: NewFile
    private var text = "fold,event,time_us,label,score\n"

    /// - Parameter path: Of a file that does not exist.
    /// - Throws: ``LearningError/storage(_:)``
    public init(_ path: String) throws(LearningError) {
        file = try LearningError.tabling { () throws(TableError) in try NewFile(path) }
    }

    /// Adds the test rows of a fold.
    public func append(
        fold: Int,
        _ data: ProtocolData,
        rows: [Int],
        scores: [Double]
    ) throws(LearningError) {
        for (row, score) in zip(rows, scores) {
            let label = CSVText.field(data.rows.labels[row])
            text += "\(fold),\(data.events[row]),\(data.rows.times[row]),\(label),\(score)\n"
            if text.utf8.count > 1 << 16 { try flush() }
        }
    }

    /// Writes what is left.
    public func close() throws(LearningError) {
        try flush()
        try LearningError.tabling { () throws(TableError) in try file.close() }
    }

    private func flush() throws(LearningError) {
        try LearningError.tabling { () throws(TableError) in try file.write(Array(text.utf8)) }
        text = ""
    }
}
