import ArgumentParser
import Recordings

/// How the files are read that `inspect`, `init` and `check` look at.
struct SurveyOptions: ParsableArguments {
    @Option(help: "Format of the files; told by their first bytes otherwise.")
    var inputFormat: RecordingFormat?

    @OptionGroup var recordings: RecordingOptions

    @Flag(name: .shortAndLong, help: "No progress on standard error.")
    var quiet = false

    var reading: RecordingReading { recordings.reading(inputFormat) }
}
