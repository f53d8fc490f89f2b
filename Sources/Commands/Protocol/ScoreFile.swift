/// The judged events with their scores, as CSV, for other programs to judge again.
final class ScoreFile {
    private let file: NewFile
    private var text = "fold,event,time_us,label,score\n"

    init(_ path: String) throws(CommandError) { file = try NewFile(path) }

    func append(fold: Int, _ data: ProtocolData, rows: [Int], scores: [Double]) throws(CommandError) {
        for (row, score) in zip(rows, scores) {
            let label = CSVText.field(data.rows.labels[row])
            text += "\(fold),\(data.events[row]),\(data.rows.times[row]),\(label),\(score)\n"
            if text.utf8.count > 1 << 16 { try flush() }
        }
    }

    func close() throws(CommandError) {
        try flush()
        try file.close()
    }

    private func flush() throws(CommandError) {
        try file.write(Array(text.utf8))
        text = ""
    }
}
