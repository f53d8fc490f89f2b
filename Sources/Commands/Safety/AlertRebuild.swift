import AlertStore
import Base
import Bytes
import Console
import Delivery
import EventLog
import FileStore
import Foundation
import Learning
import Plan
import Runtime

/// Makes everything anew that is made from the log, and keeps what is not: what people and runs have put into the alerts
/// file, and what came of events that the log no longer has.
///
/// A sound file takes the new alerts in one transaction. A damaged one is salvaged into a new file, which gets its name once
/// it is whole. So a kill at any moment leaves the old or the new, or what ``AlertStore/AlertFiles/finishSalvage(of:)``
/// completes.
struct AlertRebuild {
    let place: DataPlace
    let recomputation: Recomputation
    let store: DiskStore
    private let path: String

    /// What to run where the alerts file is not what it should be.
    static func advice(_ place: DataPlace) -> String {
        "to make the alerts anew and keep what people have decided: " + command(place)
    }

    static func command(_ place: DataPlace) -> String {
        var words = ["patternalarm", "alerts", "rebuild", "--data-dir", place.dataDir]
        if let alerts = place.alerts { words += ["--alerts", alerts] }
        return shellWords(words)
    }

    init(place: DataPlace, recomputation: Recomputation, store: DiskStore) {
        self.place = place
        self.recomputation = recomputation
        self.store = store
        path = AlertFiles.resolved(place.alertsPath)
    }

    /// Whoever calls this has the directory's lock.
    func run() throws(CommandError) {
        _ = try CommandError.storing { () throws(AlertStoreError) in try AlertFiles.finishSalvage(of: path) }
        let fresh = AlertFiles.Draft.alerts.path(for: path)
        let salvaged = AlertFiles.Draft.salvaged.path(for: path)
        let damage = try damage()
        if let damage {
            Output.talk("\(path) is damaged (\(damage)): what can be read is taken out of it")
            try salvage(into: salvaged)
        }
        let target = damage == nil ? path : salvaged
        let database = try CommandError.storing { () throws(AlertStoreError) in try AlertDatabase(path: target) }
        try recomputation.check(try CommandError.storing { () throws(AlertStoreError) in try database.lastRun() })
        try CommandError.storing { () throws(AlertStoreError) in
            try database.setFeatures(recomputation.plan.featureRecords)
        }
        let events = try recompute(into: fresh, like: database, at: target, isSalvaged: damage != nil)
        try finish(database, fresh: fresh, events: events)
        if damage != nil {
            let kept = try CommandError.storing { () throws(AlertStoreError) in
                try AlertFiles.declareSalvaged(salvaged, of: path)
                return try AlertFiles.finishSalvage(of: path)
            }
            if let kept { Output.talk("the damaged file is kept as \(kept)") }
        }
        AlertFiles.remove(fresh)
    }

    /// What is wrong with the file, if no row of it can be trusted to be found.
    private func damage() throws(CommandError) -> String? {
        // What is no file is refused, not waited for.
        do throws(FileError) {
            guard try DiskStore.size(at: path) != nil else { return nil }
        } catch {
            throw CommandError(error)
        }
        do throws(AlertStoreError) {
            return try AlertDatabase(path: path, readOnly: true).pageFaults().first
        } catch {
            guard case .damaged(_, let words) = error else { throw CommandError(error) }
            return words
        }
    }

    private func salvage(into target: String) throws(CommandError) {
        var takesDerived = false
        for partition in 0..<recomputation.plan.partitionCount {
            if try bounds(partition).start > 0 || recomputation.hasMarks(partition) { takesDerived = true }
        }
        let found = try CommandError.storing { () throws(AlertStoreError) in
            try Salvage(path, into: target, scratch: AlertFiles.Draft.copy.path(for: path), takesDerived: takesDerived)
        }
        for table in found.tables where table.name != "offsets" || takesDerived {
            var words = "\(table.name): \(grouped(table.rows)) rows"
            if table.missing > 0 {
                words += ", \(grouped(table.missing)) could not be read"
            } else if table.isDoubtful {
                words += "; the table is damaged, there may have been more"
            }
            if table.rows > 0 || table.missing > 0 || table.isDoubtful { Output.talk("  " + words) }
        }
        if found.brokenCells > 0 {
            Output.talk("  \(grouped(found.brokenCells)) pieces are no rows of any table any more")
        }
    }

    /// Makes the alerts in a file of their own; returns how many events were gone through.
    private func recompute(
        into fresh: String,
        like old: AlertDatabase,
        at place: String,
        isSalvaged: Bool
    ) throws(CommandError) -> Int {
        let known = try CommandError.storing { () throws(AlertStoreError) in
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
        let database = try CommandError.storing { () throws(AlertStoreError) in
            let database = try AlertDatabase(path: fresh)
            try database.takeOver(from: place, topic: recomputation.plan.name, starts.compactMap(\.point))
            return database
        }
        let bar = ProgressBar("rebuild", isQuiet: recomputation.isQuiet)
        defer { bar.finish() }
        var events = 0
        for start in starts {
            if let words = start.words("made anew") { Output.talk(words) }
            let progress = known.first { $0.partition == start.partition }
            events += try recomputation.run(
                start,
                upTo: try end(start.partition, progress, isSalvaged),
                into: database,
                bar
            )
        }
        try CommandError.storing { () throws(AlertStoreError) in
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
    ) throws(CommandError) -> Recomputation.Start {
        if let known { return try recomputation.start(known, limit: known.nextOffset, of: old) }
        // The ledger may be what is damaged: then the alerts themselves tell whether something came before the log.
        let logStart = try bounds(partition).start
        let isBefore = try CommandError.storing { () throws(AlertStoreError) in
            try old.alerts(partition: partition, openedBefore: logStart) > 0
        }
        var found = try recomputation.start(partition, first: isBefore ? 0 : logStart, limit: nil)
        if found.offset == nil { found.beginWithoutState() }
        return found
    }

    /// Up to where a partition's events count: as far as they did, so that the log has been synced up to there.
    private func end(_ partition: Int, _ known: PartitionProgress?, _ isSalvaged: Bool) throws(CommandError) -> Int64 {
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

    private func bounds(_ partition: Int) throws(CommandError) -> (start: Int64, end: Int64) {
        do throws(LogError) {
            let name = "log/\(recomputation.plan.name)-\(partition)"
            let bounds = try PartitionReader.bounds(directory: name, store: store)
            return (bounds.start.rawValue, bounds.end.rawValue)
        } catch {
            throw CommandError(error)
        }
    }

    /// Puts the new alerts in the old ones' place, and notes the run.
    private func finish(_ database: AlertDatabase, fresh: String, events: Int) throws(CommandError) {
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        try CommandError.storing { () throws(AlertStoreError) in
            for model in recomputation.models.models { try database.register(model.record) }
            try database.replaceDerived(from: fresh)
            let run = try database.beginRun(recomputation.run(of: "alerts rebuild"), atMilliseconds: now)
            let (totals, digest) = (try database.totals(), try database.digest())
            try database.finishRun(run, status: "finished", totals: totals, digest: digest, atMilliseconds: now)
            let kept = try database.keptRows().map { "\(grouped($0.rows)) \($0.table)" }.joined(separator: ", ")
            try database.close()
            Output.talk(
                "\(grouped(totals.alerts)) alerts, made anew from \(grouped(events)) events; kept: \(kept); digest \(digest)"
            )
        }
    }
}
