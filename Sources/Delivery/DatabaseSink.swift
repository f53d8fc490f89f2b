public import AlertStore
public import Engine
public import Partition

/// Is told of every transaction once it is in the alerts file, on the thread of its partition.
public protocol CommitObserver: AnyObject, Sendable {
    func committed(_ commit: EngineCommit)
}

/// The alerts file as the engine sees it.
public final class DatabaseSink: AlertSink {
    private let database: AlertDatabase
    private let commits: CommitBuilder
    private let observer: (any CommitObserver)?

    public init(_ database: AlertDatabase, commits: CommitBuilder, observer: (any CommitObserver)? = nil) {
        self.database = database
        self.commits = commits
        self.observer = observer
    }

    /// Writes what an engine found, in one transaction, and tells the observer.
    public func commit(_ output: EngineOutput, further: FurtherEvidence) throws(SinkError) {
        let commit = commits.build(output)
        do throws(AlertStoreError) {
            try database.commit(commit) { take in
                for alert in output.alerts where !alert.furtherEvidence.isEmpty {
                    try further(alert) { event in
                        try take(
                            commits.event(event, partition: output.partition),
                            commits.evidence(event, of: alert.id, partition: output.partition)
                        )
                    }
                }
            }
        } catch {
            throw SinkError(error)
        }
        observer?.committed(commit)
    }

    /// Makes all commits so far survive a power cut.
    public func sync() throws(SinkError) {
        do throws(AlertStoreError) { try database.syncCommits() } catch { throw SinkError(error) }
    }
}

extension SinkError {
    fileprivate init(_ error: AlertStoreError) {
        self = error.passes ? .busy(error) : .failed(error)
    }
}
