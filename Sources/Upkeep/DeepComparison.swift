public import AlertStore
import Delivery
import Plan

/// Compares the alerts, as of one moment, with what the log gives. A writer may be at work.
public struct DeepComparison {
    private let files: DataFiles
    private let recomputation: Recomputation
    private let folder: String

    /// - Parameters:
    ///   - files: The data directory.
    ///   - recomputation: What gives the alerts again; it is told what cannot be compared.
    ///   - folder: For copies.
    public init(files: DataFiles, recomputation: Recomputation, folder: String) {
        self.files = files
        self.recomputation = recomputation
        self.folder = folder
    }

    /// - Returns: How many events lie behind what was compared and is equal; nil if nothing could be compared.
    /// - Throws: ``UpkeepError/differs(_:)`` if something is not equal.
    public func run(_ database: AlertDatabase) throws(UpkeepError) -> Int? {
        // The checkpoints before the copy: it is then never behind the state that they hold.
        let starts = try starts(database)
        let copy = folder + "/copy.sqlite"
        let old = try UpkeepError.storing { () throws(AlertStoreError) in
            try database.backup(to: copy)
            return try AlertDatabase(path: copy)
        }
        try recomputation.check(try UpkeepError.storing { () throws(AlertStoreError) in try old.lastRun() })
        // Titles and the order of features are not what is compared: a pipeline may have others than the last run's.
        try UpkeepError.storing { () throws(AlertStoreError) in
            try old.setFeatures(recomputation.plan.featureRecords, presentsAlerts: recomputation.isAlone)
        }
        let (fresh, events) = try recompute(starts, like: old, copy: copy)
        let found = try UpkeepError.storing { () throws(AlertStoreError) in
            // Alerts of before they told their detector's version: that they do not is no difference.
            try old.takeVersions(from: fresh.path)
            try old.close()
            return try fresh.differences(from: copy)
        }
        guard found.isEmpty else {
            let words = found.map { "\($0.table): \($0.there) rows that the log does not give, \($0.here) missing" }
            throw .differs(
                "the alerts are not what the log gives:\n" + words.joined(separator: "\n") + "\n"
                    + files.rebuildAdvice
            )
        }
        return events > 0 || !starts.contains(where: \.hasLostEvents) ? events : nil
    }

    private func starts(_ database: AlertDatabase) throws(UpkeepError) -> [Recomputation.Start] {
        func progress() throws(UpkeepError) -> [PartitionProgress] {
            try UpkeepError.storing { () throws(AlertStoreError) in
                try database.progress(topic: recomputation.plan.name)
            }
        }
        var starts: [Recomputation.Start] = []
        for known in try progress() {
            var (known, reached) = (known, known.nextOffset)
            var start = try recomputation.start(known, limit: reached, of: database)
            // All checkpoints may have become newer than what was read of the alerts.
            while start.offset == nil {
                guard let now = try progress().first(where: { $0.partition == known.partition }),
                    now.nextOffset > reached
                else { break }
                (known, reached) = (now, now.nextOffset)
                start = try recomputation.start(known, limit: reached, of: database)
            }
            starts.append(start)
        }
        return starts
    }

    private func recompute(
        _ starts: [Recomputation.Start],
        like old: AlertDatabase,
        copy: String
    ) throws(UpkeepError) -> (fresh: AlertDatabase, events: Int) {
        let fresh = try UpkeepError.storing { () throws(AlertStoreError) in
            let fresh = try AlertDatabase(path: folder + "/alerts.sqlite")
            try fresh.takeOver(from: copy, topic: recomputation.plan.name, starts.compactMap(\.point))
            return fresh
        }
        defer { recomputation.endShowing() }
        var events = 0
        let progress = try UpkeepError.storing { () throws(AlertStoreError) in
            try old.progress(topic: recomputation.plan.name)
        }
        for known in progress {
            // A partition may have had its first commit only now.
            var start = starts.first { $0.partition == known.partition }
            if start == nil { start = try recomputation.start(known, limit: known.nextOffset, of: old) }
            guard let start else { continue }
            if let words = start.words("compared") { recomputation.say(words) }
            events += try recomputation.run(start, upTo: known.nextOffset, activation: known.activation, into: fresh)
        }
        try UpkeepError.storing { () throws(AlertStoreError) in
            // What has been given up is missed on neither side, whenever it ended.
            for known in progress {
                guard let limit = known.expiredBeforeMilliseconds else { continue }
                for database in [fresh, old] {
                    _ = try database.expire(
                        topic: recomputation.plan.name,
                        partition: known.partition,
                        before: limit
                    )
                }
            }
        }
        return (fresh, events)
    }
}
