import ArgumentParser
import Console
import PipelineFiles
import Plan
import Recordings
import SQLExport

/// `export sql`
struct ExportSQLCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sql",
        abstract: "Write a pipeline's features as one SQL script.",
        discussion: """
            The script reads a recording (UTF-8, one event a line; not packed, but for what DuckDB unpacks) and ends with a SELECT: one row an event, in the order of the \
            recording, with the columns of `export features`. With --admitted it takes the events that such a table lists \
            (CSV), with their partitions and offsets; else all events, as one partition.

              patternalarm export sql --pipeline handbook --events tx.csv > features.sql
              patternalarm export sql --events monday.jsonl --admitted monday-features.csv
            """
    )

    enum Dialect: String, ExpressibleByArgument, CaseIterable {
        case duckdb
    }

    @Option(help: "Pipeline file, or the name of a built-in one.")
    var pipeline: String?

    @Option(help: "Whose SQL (duckdb: 1.3 or later).")
    var dialect: Dialect = .duckdb

    @Option(help: "The recording, as the script is to name it.")
    var events: String

    @Option(help: "A CSV table of `export features`, as the script is to name it.")
    var admitted: String?

    @Option(help: "Format of the recording; told by its name otherwise.")
    var inputFormat: RecordingFormat?

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let plan = try PipelineFile.loaded(pipeline).plan
            let format = inputFormat ?? .named(events) ?? .jsonl
            let source = SQLScript.Source(path: events, format: format == .csv ? .csv : .jsonl, admitted: admitted)
            Output.data(SQLScript(plan, source: source).text)
        }
    }
}
