import ArgumentParser
import Base
import Console
import Engine
import Learning
import PipelineFiles
import Plan
import Recordings
import Tables

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
        let plan = try PipelineFile.loaded(pipeline).plan.featuresOnly
        try CommandError.running { () throws(LearningError) in
            try ModelDirectory.requireNames(plan)
            try FeatureTable.check(plan)
        }
        let table = try CommandError.running { () throws(TableError) in try writer(plan.features.map(\.name)) }
        let features = FeatureTable(plan, into: table)
        do throws(CommandError) {
            let run = OfflineRun(plan: plan, models: [:], reading: recordings.reading(inputFormat))
            let progress = ProgressBar("features", isQuiet: quiet)
            try run.run(files, progress: progress) { share, _, output throws(LearningError) in
                try features.append(share, &output)
            }
            try CommandError.running { () throws(TableError) in try table.close() }
        } catch {
            table.discard()
            throw error
        }
        let ledger = features.ledger
        Output.talk(
            "\(grouped(ledger.events)) events = \(grouped(ledger.ok)) ok + \(grouped(ledger.late)) late + "
                + "\(grouped(ledger.duplicate)) duplicate + \(grouped(ledger.rejected)) rejected"
        )
    }

    private func writer(_ features: [String]) throws(TableError) -> TableWriter {
        guard out == "-" else {
            return try TableWriter(path: out, integers: FeatureTable.keyColumns, numbers: features)
        }
        return TableWriter(integers: FeatureTable.keyColumns, numbers: features) { Output.data(Array($0)) }
    }
}
