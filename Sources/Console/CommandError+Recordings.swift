public import PipelineFiles
public import Recordings

extension CommandError {
    /// Runs calls that read recordings, whose errors become the command's.
    public static func reading<Result>(_ body: () throws(RecordingError) -> Result) throws(CommandError) -> Result {
        do throws(RecordingError) { return try body() } catch { throw CommandError(error) }
    }

    /// Runs calls that read a pipeline, whose errors become the command's.
    public static func planning<Result>(_ body: () throws(PipelineFileError) -> Result) throws(CommandError) -> Result {
        do throws(PipelineFileError) { return try body() } catch { throw CommandError(error) }
    }

    /// Exit code 4.
    public init(_ error: RecordingError) { self = .input(error.description) }

    /// Exit code 3.
    public init(_ error: PipelineFileError) { self = .plan(error.description) }
}
