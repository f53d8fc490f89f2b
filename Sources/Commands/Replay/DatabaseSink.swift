import AlertStore
import Engine

/// The alerts file as the engine sees it.
final class DatabaseSink: AlertSink {
    private let database: AlertDatabase
    private let commits: CommitBuilder

    init(_ database: AlertDatabase, commits: CommitBuilder) {
        self.database = database
        self.commits = commits
    }

    func commit(_ output: EngineOutput, rejectLines: [Int?]) throws {
        try database.commit(commits.build(output, rejectLines: rejectLines))
    }
}
