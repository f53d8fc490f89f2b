public import AlertStore
import Base
import EventLog
public import FileStore
import StateStore

/// Where a data directory and its alerts are, which are only looked at.
public struct DataFiles: Sendable {
    public let dataDir: String
    /// The alerts file, if it is not in the data directory.
    public let alerts: String?

    public init(dataDir: String, alerts: String?) {
        self.dataDir = dataDir
        self.alerts = alerts
    }

    public var alertsPath: String { alerts ?? dataDir + "/alerts.sqlite" }

    /// What to run where the alerts file is not what it should be.
    public var rebuildAdvice: String {
        "to make the alerts anew and keep what people have decided: " + rebuildCommand
    }

    private var rebuildCommand: String {
        var words = ["patternalarm", "alerts", "rebuild", "--data-dir", dataDir]
        if let alerts { words += ["--alerts", alerts] }
        return shellWords(words)
    }

    /// The alerts file, for reading; nil if there is none.
    public func database() throws(UpkeepError) -> AlertDatabase? {
        do throws(FileError) {
            guard try DiskStore.size(at: alertsPath) != nil else { return nil }
        } catch {
            throw UpkeepError(error)
        }
        do throws(AlertStoreError) { return try AlertDatabase(path: alertsPath, readOnly: true) } catch {
            throw UpkeepError(error)
        }
    }

    /// That the alerts file is gone, in words; nil if it is there, or nothing says that it ever was.
    public func missingAlerts(_ store: DiskStore) throws(UpkeepError) -> String? {
        let size: Int?
        do throws(FileError) {
            size = try DiskStore.size(at: alertsPath)
            // One without bytes was never written to.
            guard size ?? 0 == 0, try CheckpointStore.hasAny(in: "state", store: store) else { return nil }
        } catch {
            throw UpkeepError(error)
        }
        let state = size == nil ? "not there" : "empty"
        return "\(alertsPath) is \(state), though there are checkpoints, which are made only when alerts are written: "
            + "put it back from a backup (`patternalarm restore`)"
            + (alerts == nil ? ", or name it with --alerts if it is somewhere else" : "")
            + ". Without one, the alerts can be made from the log again, but not what people had decided: "
            + rebuildCommand
    }

    /// The offset of each partition, by its name, up to which the alerts were made: the log does not end before it.
    public func built(_ database: AlertDatabase?) throws(UpkeepError) -> [String: LogOffset] {
        guard let database else { return [:] }
        do throws(AlertStoreError) {
            var found: [String: LogOffset] = [:]
            for (topic, known) in try database.progress() where (1...LogLimits.offset).contains(known.nextOffset) {
                found["\(topic)-\(known.partition)"] = LogOffset(known.nextOffset)
            }
            return found
        } catch {
            throw UpkeepError(error)
        }
    }

    /// What the log is meant to hold at its partitions' beginnings and ends, and does not, in words.
    public func missing(_ store: DiskStore, _ database: AlertDatabase?) throws(UpkeepError) -> [String] {
        let built = try built(database)
        do throws(LogError) {
            return try LogManifest.missing(store: store, built: built).map(\.description)
        } catch {
            throw UpkeepError(error)
        }
    }

    /// Where a log was shortened, that no checkpoint has what the events left behind that are gone, in words. A writer
    /// may put a newer checkpoint in an older one's place meanwhile.
    public func missingState(_ store: DiskStore, _ database: AlertDatabase?) throws(UpkeepError) -> [String] {
        let built = try built(database)
        var words: [String] = []
        for (name, start, _) in try bounds(store) where start > 0 && built[name].map({ $0.rawValue > start }) ?? false {
            let checkpoints = CheckpointStore(directory: "state/" + name, fingerprint: nil, store: store)
            do throws(FileError) {
                let found = try checkpoints.summaries()
                guard !found.contains(where: { $0.fault == nil && $0.offset >= start }) else { continue }
            } catch {
                throw UpkeepError(error)
            }
            words.append(
                "state/\(name) has no checkpoint, though its log begins at offset \(start): what the events before it have left "
                    + "behind (windows, sequences, open alerts) is gone; put the folder `state` back from a backup "
                    + "(`patternalarm restore`), or accept it with `patternalarm replay --from-checkpoint none`"
            )
        }
        return words
    }

    /// How many events each partition with events holds: first offset and the offset behind the last whole batch.
    ///
    /// Reads only the newest segment of each partition; changes nothing.
    public func bounds(_ store: DiskStore) throws(UpkeepError) -> [(name: String, start: Int64, end: Int64)] {
        var found: [(name: String, start: Int64, end: Int64)] = []
        let partitions = try LogPartition.all(store)
        do throws(LogError) {
            for partition in partitions where !partition.hasActivations {
                let bounds = try PartitionReader.bounds(directory: partition.directory, store: store)
                found.append((partition.name, bounds.start.rawValue, bounds.end.rawValue))
            }
        } catch {
            throw UpkeepError(error)
        }
        return found
    }
}
