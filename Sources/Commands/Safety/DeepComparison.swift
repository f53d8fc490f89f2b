import AlertStore
import Base
import Console
import Delivery
import FileStore
import Plan

/// Compares the alerts, as of one moment, with what the log gives. A writer may be at work.
struct DeepComparison {
    let place: DataPlace
    let recomputation: Recomputation
    /// A folder for copies.
    let folder: String

    func run(_ database: AlertDatabase) throws(CommandError) {
        // The checkpoints before the copy: it is then never behind the state that they hold.
        let starts = try starts(database)
        let copy = folder + "/copy.sqlite"
        let old = try CommandError.storing { () throws(AlertStoreError) in
            try database.backup(to: copy)
            return try AlertDatabase(path: copy)
        }
        try recomputation.check(try CommandError.storing { () throws(AlertStoreError) in try old.lastRun() })
        // Titles and the order of features are not what is compared: a pipeline may have others than the last run's.
        try CommandError.storing { () throws(AlertStoreError) in
            try old.setFeatures(recomputation.plan.featureRecords)
        }
        let (fresh, events) = try recompute(starts, like: old, copy: copy)
        let found = try CommandError.storing { () throws(AlertStoreError) in
            try old.close()
            return try fresh.differences(from: copy)
        }
        guard found.isEmpty else {
            let words = found.map { "\($0.table): \($0.there) rows that the log does not give, \($0.here) missing" }
            throw .finding(
                "the alerts are not what the log gives:\n" + words.joined(separator: "\n") + "\n"
                    + AlertRebuild.advice(place)
            )
        }
        guard events > 0 || !starts.contains(where: \.hasLostEvents) else {
            return Output.data("nothing was compared: no event lies behind a state to begin with\n")
        }
        Output.data("recomputed from \(grouped(events)) events: equal, row for row\n")
    }

    private func starts(_ database: AlertDatabase) throws(CommandError) -> [Recomputation.Start] {
        func progress() throws(CommandError) -> [PartitionProgress] {
            try CommandError.storing { () throws(AlertStoreError) in
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
    ) throws(CommandError) -> (fresh: AlertDatabase, events: Int) {
        let fresh = try CommandError.storing { () throws(AlertStoreError) in
            let fresh = try AlertDatabase(path: folder + "/alerts.sqlite")
            try fresh.takeOver(from: copy, topic: recomputation.plan.name, starts.compactMap(\.point))
            return fresh
        }
        let bar = ProgressBar("verify", isQuiet: recomputation.isQuiet)
        defer { bar.finish() }
        var events = 0
        let progress = try CommandError.storing { () throws(AlertStoreError) in
            try old.progress(topic: recomputation.plan.name)
        }
        for known in progress {
            // A partition may have had its first commit only now.
            var start = starts.first { $0.partition == known.partition }
            if start == nil { start = try recomputation.start(known, limit: known.nextOffset, of: old) }
            guard let start else { continue }
            if let words = start.words("compared") { Output.data(words + "\n") }
            events += try recomputation.run(start, upTo: known.nextOffset, into: fresh, bar)
        }
        try CommandError.storing { () throws(AlertStoreError) in
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
