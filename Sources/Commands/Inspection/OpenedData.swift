import AlertStore
import ArgumentParser
import Base
import Console
import EventLog
import FileStore
import Foundation
import Plan
import StateStore

/// A data directory that is only looked at.
struct DataPlace: ParsableArguments {
    @Option(help: "The data directory.")
    var dataDir = "patternalarm-data"

    @Option(help: "The alerts file (default: alerts.sqlite in the data directory).")
    var alerts: String?

    var alertsPath: String { alerts ?? dataDir + "/alerts.sqlite" }

    /// The directory's files.
    func store() throws(CommandError) -> DiskStore {
        try Self.store(of: dataDir)
    }

    /// The files of a directory that has a log, or had one: of which checkpoints or alerts are left.
    static func store(of dataDir: String) throws(CommandError) -> DiskStore {
        guard ["log", "state", "alerts.sqlite"].contains(where: { access(dataDir + "/" + $0, F_OK) == 0 }) else {
            throw .storage("there is no log in \(dataDir); run `patternalarm replay` first, or name it with --data-dir")
        }
        return DiskStore(root: dataDir)
    }

    /// The alerts file, for reading; nil if there is none.
    func database() throws(CommandError) -> AlertDatabase? {
        do throws(FileError) {
            guard try DiskStore.size(at: alertsPath) != nil else { return nil }
        } catch {
            throw CommandError(error)
        }
        do throws(AlertStoreError) { return try AlertDatabase(path: alertsPath, readOnly: true) } catch {
            throw CommandError(error)
        }
    }

    /// The alerts file, for reading.
    func existingDatabase() throws(CommandError) -> AlertDatabase {
        guard let database = try database() else { throw CommandError(AlertStoreError.notFound(path: alertsPath)) }
        return database
    }

    /// That the alerts file is gone, in words; nil if it is there, or nothing says that it ever was.
    func missingAlerts(_ store: DiskStore) throws(CommandError) -> String? {
        let size: Int?
        do throws(FileError) {
            size = try DiskStore.size(at: alertsPath)
            // One without bytes was never written to.
            guard size ?? 0 == 0, try CheckpointStore.hasAny(in: "state", store: store) else { return nil }
        } catch {
            throw CommandError(error)
        }
        let state = size == nil ? "not there" : "empty"
        return "\(alertsPath) is \(state), though there are checkpoints, which are made only when alerts are written: "
            + "put it back from a backup (`patternalarm restore`)"
            + (alerts == nil ? ", or name it with --alerts if it is somewhere else" : "")
            + ". Without one, the alerts can be made from the log again, but not what people had decided: "
            + AlertRebuild.command(self)
    }

    /// The offset of each partition, by its name, up to which the alerts were made: the log does not end before it.
    func built(_ database: AlertDatabase?) throws(CommandError) -> [String: LogOffset] {
        guard let database else { return [:] }
        do throws(AlertStoreError) {
            var found: [String: LogOffset] = [:]
            for (topic, known) in try database.progress() where (1...LogLimits.offset).contains(known.nextOffset) {
                found["\(topic)-\(known.partition)"] = LogOffset(known.nextOffset)
            }
            return found
        } catch {
            throw CommandError(error)
        }
    }

    /// What the log is meant to hold at its partitions' beginnings and ends, and does not, in words.
    func missing(_ store: DiskStore, _ database: AlertDatabase?) throws(CommandError) -> [String] {
        let built = try built(database)
        do throws(LogError) {
            return try LogManifest.missing(store: store, built: built).map(\.description)
        } catch {
            throw CommandError(error)
        }
    }

    /// Where a log was shortened, that no checkpoint has what the events left behind that are gone, in words. A writer may put
    /// a newer checkpoint in an older one's place meanwhile.
    func missingState(_ store: DiskStore, _ database: AlertDatabase?) throws(CommandError) -> [String] {
        let built = try built(database)
        var words: [String] = []
        for (name, start, _) in try bounds(store) where start > 0 && built[name].map({ $0.rawValue > start }) ?? false {
            let checkpoints = CheckpointStore(directory: "state/" + name, fingerprint: nil, store: store)
            do throws(FileError) {
                let found = try checkpoints.summaries()
                guard !found.contains(where: { $0.fault == nil && $0.offset >= start }) else { continue }
            } catch {
                throw CommandError(error)
            }
            words.append(
                "state/\(name) has no checkpoint, though its log begins at offset \(start): what the events before it have left "
                    + "behind (windows, sequences, open alerts) is gone; put the folder `state` back from a backup "
                    + "(`patternalarm restore`), or accept it with `patternalarm replay --from-checkpoint none`"
            )
        }
        return words
    }

    /// How many events each partition of the log holds: first offset and the offset behind the last whole batch.
    ///
    /// Reads only the newest segment of each partition; changes nothing.
    func bounds(_ store: DiskStore) throws(CommandError) -> [(name: String, start: Int64, end: Int64)] {
        var found: [(name: String, start: Int64, end: Int64)] = []
        let partitions = try LogPartition.all(store)
        do throws(LogError) {
            for partition in partitions {
                let bounds = try PartitionReader.bounds(directory: partition.directory, store: store)
                found.append((partition.name, bounds.start.rawValue, bounds.end.rawValue))
            }
        } catch {
            throw CommandError(error)
        }
        return found
    }
}
