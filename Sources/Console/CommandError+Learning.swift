import AlertStore
public import Learning
public import Tables

extension CommandError {
    /// Runs calls that learn, judge or load a model, whose errors become the command's.
    public static func learning<Result>(_ body: () throws(LearningError) -> Result) throws(CommandError) -> Result {
        do throws(LearningError) { return try body() } catch { throw CommandError(error) }
    }

    /// Runs calls of a table's file, whose errors become the command's.
    public static func tabling<Result>(_ body: () throws(TableError) -> Result) throws(CommandError) -> Result {
        do throws(TableError) { return try body() } catch { throw CommandError(error) }
    }

    /// What went wrong in learning, with the exit code of its kind.
    public init(_ error: LearningError) {
        switch error {
        case .plan(let words): self = .plan(words)
        case .input(let words): self = .input(words)
        case .storage(let words): self = .storage(words)
        case .request(let words): self = .usage(words)
        case .alerts(let error): self = CommandError(error)
        }
    }

    /// What is wrong with a table, with the exit code of its kind.
    public init(_ error: TableError) {
        switch error {
        case .unreadable(let words): self = .input(words)
        case .unwritable(let words): self = .storage(words)
        }
    }
}
