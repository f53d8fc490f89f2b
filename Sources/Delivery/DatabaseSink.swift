public import AlertStore
public import Engine

/// The alerts file as the engine sees it.
public final class DatabaseSink: AlertSink {
    private let database: AlertDatabase
    private let commits: CommitBuilder

    public init(_ database: AlertDatabase, commits: CommitBuilder) {
        self.database = database
        self.commits = commits
    }

    public func commit(_ output: EngineOutput, rejectLines: [Int?]) throws {
        try database.commit(commits.build(output, rejectLines: rejectLines))
    }
}
