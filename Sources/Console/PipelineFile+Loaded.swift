public import PipelineFiles

extension PipelineFile {
    /// Reads a file, or the embedded pipeline of that name, for a command.
    public static func loaded(_ path: String?) throws(CommandError) -> PipelineFile {
        try CommandError.running { () throws(PipelineFileError) in try load(path) }
    }
}
