import AlertStore
import Base
import Delivery
import EventLog
public import FileStore
import Plan
import Runtime

/// Makes everything anew that is made from the log, and keeps what is not: what people and runs have put into the
/// alerts file, and what came of events that the log no longer has.
///
/// A sound file takes the new alerts in one transaction. A damaged one is salvaged into a new file, which gets its name
/// once it is whole. So a kill at any moment leaves the old or the new, or what
/// ``AlertStore/AlertFiles/finishSalvage(of:)`` completes.
public struct AlertRebuild {
    private let recomputation: Recomputation
    private let store: DiskStore
    private let path: String

    /// - Parameters:
    ///   - files: The data directory.
    ///   - recomputation: What makes the alerts; it is told what is done.
    ///   - store: The data directory's files.
    public init(files: DataFiles, recomputation: Recomputation, store: DiskStore) {
        self.recomputation = recomputation
        self.store = store
        path = AlertFiles.resolved(files.alertsPath)
    }

    /// Whoever calls this has the directory's lock.
    ///
    /// - Parameter milliseconds: When it is, since 1970.
    /// - Throws: ``UpkeepError``
    public func run(atMilliseconds milliseconds: Int64) throws(UpkeepError) {
        _ = try UpkeepError.storing { () throws(AlertStoreError) in try AlertFiles.finishSalvage(of: path) }
        let fresh = AlertFiles.Draft.alerts.path(for: path)
        let salvaged = AlertFiles.Draft.salvaged.path(for: path)
        let damage = try damage()
        if let damage {
            recomputation.say("\(path) is damaged (\(damage)): what can be read is taken out of it")
            try salvage(into: salvaged)
        }
        let target = damage == nil ? path : salvaged
        let database = try UpkeepError.storing { () throws(AlertStoreError) in try AlertDatabase(path: target) }
        try recomputation.check(try UpkeepError.storing { () throws(AlertStoreError) in try database.lastRun() })
        try UpkeepError.storing { () throws(AlertStoreError) in
            try database.setFeatures(recomputation.plan.featureRecords, presentsAlerts: recomputation.isAlone)
            try database.setActivations(recomputation.activations)
        }
        let events = try recompute(into: fresh, like: database, at: target, isSalvaged: damage != nil)
        try finish(database, fresh: fresh, events: events, now: milliseconds)
        if damage != nil {
            let kept = try UpkeepError.storing { () throws(AlertStoreError) in
                try AlertFiles.declareSalvaged(salvaged, of: path)
                return try AlertFiles.finishSalvage(of: path)
            }
            if let kept { recomputation.say("the damaged file is kept as \(kept)") }
        }
        AlertFiles.remove(fresh)
    }

    /// What is wrong with the file, if no row of it can be trusted to be found.
    private func damage() throws(UpkeepError) -> String? {
        // What is no file is refused, not waited for.
        do throws(FileError) {
            guard try DiskStore.size(at: path) != nil else { return nil }
        } catch {
            throw UpkeepError(error)
        }
        do throws(AlertStoreError) {
            return try AlertDatabase(path: path, readOnly: true).pageFaults().first
        } catch {
            guard case .damaged(_, let words) = error else { throw UpkeepError(error) }
            return words
        }
    }

    private func salvage(into target: String) throws(UpkeepError) {
        var takesDerived = false
        for partition in 0..<recomputation.plan.partitionCount {
            if try bounds(partition).start > 0 || recomputation.hasMarks(partition) { takesDerived = true }
        }
        let found = try UpkeepError.storing { () throws(AlertStoreError) in
            try Salvage(path, into: target, scratch: AlertFiles.Draft.copy.path(for: path), takesDerived: takesDerived)
        }
        for table in found.tables where table.name != "offsets" || takesDerived {
            var words = "\(table.name): \(grouped(table.rows)) rows"
            if table.missing > 0 {
                words += ", \(grouped(table.missing)) could not be read"
            } else if table.isDoubtful {
                words += "; the table is damaged, there may have been more"
            }
            if table.rows > 0 || table.missing > 0 || table.isDoubtful { recomputation.say("  " + words) }
        }
        if found.brokenCells > 0 {
            recomputation.say("  \(grouped(found.brokenCells)) pieces are no rows of any table any more")
        }
    }

    /// Makes the alerts in a file of their own; returns how many events were gone through.
    private func recompute(
        into fresh: String,
        like old: AlertDatabase,
        at place: String,
        isSalvaged: Bool
    ) throws(UpkeepError) -> Int {
        let known = try UpkeepError.storing { () throws(AlertStoreError) in
            try old.progress(topic: recomputation.plan.name)
        }
        var starts: [Recomputation.Start] = []
        for partition in 0..<recomputation.plan.partitionCount {
            starts.append(try start(partition, known.first { $0.partition == partition }, old))
        }
        guard starts.contains(where: { $0.offset != nil }) || isSalvaged else {
            throw .storage(
                starts.compactMap { $0.words("made anew") }.joined(separator: "\n")
                    + "\nnothing has been changed: the alerts that are there stay"
            )
        }
        let database = try UpkeepError.storing { () throws(AlertStoreError) in
            let database = try AlertDatabase(path: fresh)
            try database.takeOver(from: place, topic: recomputation.plan.name, starts.compactMap(\.point))
            return database
        }
        defer { recomputation.endShowing() }
        var events = 0
        for start in starts {
            if let words = start.words("made anew") { recomputation.say(words) }
            let progress = known.first { $0.partition == start.partition }
            events += try recomputation.run(
                start,
                upTo: try end(start.partition, progress, isSalvaged),
                activation: progress?.activation ?? .max,
                into: database
            )
        }
        try UpkeepError.storing { () throws(AlertStoreError) in
            for progress in known {
                guard let limit = progress.expiredBeforeMilliseconds else { continue }
                let topic = recomputation.plan.name
                _ = try database.expire(topic: topic, partition: progress.partition, before: limit)
            }
            try database.close()
        }
        return events
    }

    private func start(
        _ partition: Int,
        _ known: PartitionProgress?,
        _ old: AlertDatabase
    ) throws(UpkeepError) -> Recomputation.Start {
        if let known { return try recomputation.start(known, limit: known.nextOffset, of: old) }
        // The ledger may be what is damaged: then the alerts themselves tell whether something came before the log.
        let logStart = try bounds(partition).start
        let isBefore = try UpkeepError.storing { () throws(AlertStoreError) in
            try old.alerts(partition: partition, openedBefore: logStart) > 0
        }
        var found = try recomputation.start(partition, first: isBefore ? 0 : logStart, limit: nil)
        if found.offset == nil { try found.beginWithoutState() }
        return found
    }

    /// Up to where a partition's events count: as far as they did, so that the log has been synced up to there.
    private func end(_ partition: Int, _ known: PartitionProgress?, _ isSalvaged: Bool) throws(UpkeepError) -> Int64 {
        let end = try bounds(partition).end
        if let known, known.nextOffset <= end || !isSalvaged { return known.nextOffset }
        let directory = "log/\(recomputation.plan.name)-\(partition)"
        do throws(FileError) {
            for name in try store.list(directory) where name.hasSuffix(".log") {
                try store.sync("\(directory)/\(name)")
            }
        } catch {
            throw .storage(error.description)
        }
        return end
    }

    private func bounds(_ partition: Int) throws(UpkeepError) -> (start: Int64, end: Int64) {
        do throws(LogError) {
            let name = "log/\(recomputation.plan.name)-\(partition)"
            let bounds = try PartitionReader.bounds(directory: name, store: store)
            return (bounds.start.rawValue, bounds.end.rawValue)
        } catch {
            throw UpkeepError(error)
        }
    }

    /// Puts the new alerts in the old ones' place, and notes the run.
    private func finish(
        _ database: AlertDatabase,
        fresh: String,
        events: Int,
        now: Int64
    ) throws(UpkeepError) {
        try UpkeepError.storing { () throws(AlertStoreError) in
            for model in recomputation.definitions.records { try database.register(model) }
            try database.replaceDerived(from: fresh)
            let run = try database.beginRun(recomputation.run(of: "alerts rebuild"), atMilliseconds: now)
            let (totals, digest) = (try database.totals(), try database.digest())
            try database.finishRun(run, status: "finished", totals: totals, digest: digest, atMilliseconds: now)
            let kept = try database.keptRows().map { "\(grouped($0.rows)) \($0.table)" }.joined(separator: ", ")
            try database.close()
            recomputation.say(
                "\(grouped(totals.alerts)) alerts, made anew from \(grouped(events)) events; kept: \(kept); digest \(digest)"
            )
        }
    }
}
