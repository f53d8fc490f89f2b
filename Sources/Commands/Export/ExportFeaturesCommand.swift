import ArgumentParser
import Engine
import Plan

/// `export features`
struct ExportFeaturesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "features",
        abstract: "Write every accepted event's features into a table.",
        discussion: """
            One row an accepted event, in the order of the recordings: event (which of the recordings' events it is, \
            from 0), partition, offset, time_us (event time, microseconds since 1970), and the pipeline's features. They \
            are computed as a replay computes them. A null is an empty CSV field, and NaN in .npy, which is one NumPy array \
            of records: numpy.load("features.npy", mmap_mode="r")["amount"].

              patternalarm export features monday.jsonl --out monday.npy
              patternalarm export features monday.csv.lz4 --pipeline handbook --out - | head
            """
    )

    @Argument(help: "Recordings (JSON or CSV; also packed with gzip, zstd, LZ4), in the order of time.")
    var files: [String]

    @Option(help: "Pipeline file, or the name of a built-in one.")
    var pipeline: String?

    @Option(help: "A new file; a name that ends in .npy makes it a NumPy array, else it is CSV; - is standard output.")
    var out: String

    @Option(help: "Format of the recordings; told by their names otherwise.")
    var inputFormat: RecordingFormat?

    @OptionGroup var recordings: RecordingOptions

    @Flag(name: .shortAndLong, help: "No progress on standard error.")
    var quiet = false

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in try export() }
    }

    private func export() throws(CommandError) {
        var plan = try PipelineFile.load(pipeline).plan
        plan.detectors = []
        try ModelDirectory.requireNames(plan)
        let names = plan.features.map(\.name)
        if let taken = names.first(where: FeatureTable.keyColumns.contains) {
            throw .plan(
                "the pipeline \(plan.name) has a feature \"\(taken)\"; the table has a column of that name already"
            )
        }
        let table = try FeatureTable(path: out, names: names)
        var ledger = Ledger()
        var rows: [FeatureTable.Row] = []
        var before = 0
        do throws(CommandError) {
            let run = OfflineRun(plan: plan, models: [:], reading: recordings.reading(inputFormat))
            let last = plan.partitionCount - 1
            _ = try run.run(files, progress: Progress("features", isQuiet: quiet)) {
                engine,
                chunk,
                output throws(CommandError) in
                table.collect(engine, into: &rows)
                ledger += output.ledger
                output.removeAll()
                guard engine.partition == last else { return }
                // Every engine keeps its features until its next chunk.
                if last > 0 { rows.sort { $0.row < $1.row } }
                try table.append(rows, times: chunk.batch.times, firstEvent: before)
                rows.removeAll(keepingCapacity: true)
                before += chunk.batch.count
            }
            try table.close()
        } catch {
            table.discard()
            throw error
        }
        Output.talk(
            "\(grouped(ledger.events)) events = \(grouped(ledger.ok)) ok + \(grouped(ledger.late)) late + "
                + "\(grouped(ledger.duplicate)) duplicate + \(grouped(ledger.rejected)) rejected"
        )
    }
}
