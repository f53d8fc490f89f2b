public import Upkeep

extension CommandError {
    /// Runs calls that look after a data directory, whose errors become the command's.
    public static func keeping<Result>(_ body: () throws(UpkeepError) -> Result) throws(CommandError) -> Result {
        do throws(UpkeepError) { return try body() } catch { throw CommandError(error) }
    }

    /// What went wrong in looking after a data directory, with the exit code of its kind.
    public init(_ error: UpkeepError) {
        switch error {
        case .runtime(let error): self = CommandError(error)
        case .otherPipeline(let words): self = .usage(words)
        case .differs(let words): self = .finding(words)
        }
    }
}
