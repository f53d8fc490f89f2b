import Activations
import AlertStore
import EventLog
public import FileStore

/// A copy of a data directory, which a writer may be at work in.
public struct Backup: Sendable {
    /// What the copy of the alerts file is called.
    public static let alerts = "alerts.sqlite"

    public let list: BackupList
    /// What is not there, though it is meant to be, in words.
    public let missing: [String]

    /// Copies everything into a new folder. Each is copied before what it rests on: a start needs a checkpoint that the
    /// alerts have reached, alerts whose events are in the log, events that came after no activation that is not in it,
    /// and activations whose definitions are there. Those never change.
    ///
    /// - Parameters:
    ///   - files: The data directory.
    ///   - store: Its files.
    ///   - folder: Where the copy goes; it does not exist yet.
    /// - Returns: The copy, or nil if the log has been shortened meanwhile: what was copied may begin behind the
    ///   checkpoints.
    /// - Throws: ``UpkeepError``
    public static func copy(
        _ files: DataFiles,
        _ store: DiskStore,
        to folder: String
    ) throws(UpkeepError) -> Backup? {
        let manifest = try manifest(store)
        let target = DiskStore(root: folder)
        var list = BackupList()
        do throws(FileError) {
            try target.createDirectory("")
            try list.copyFolder("state", from: store, to: target)
        } catch {
            throw UpkeepError(error)
        }
        let database = try files.database()
        var missing = try files.missing(store, database) + files.missingState(store, database)
        if let words = try files.missingAlerts(store) { missing.append(words) }
        if let database {
            try UpkeepError.storing { () throws(AlertStoreError) in try database.backup(to: folder + "/" + alerts) }
        }
        do throws(FileError) { try list.copyFolder("log", from: store, to: target) } catch { throw UpkeepError(error) }
        if let later = try self.manifest(store), !later.begins(as: manifest) { return nil }
        do throws(FileError) {
            if let manifest {
                let name = "log/" + LogManifest.name
                try target.replace(name, with: manifest.encoded)
                try list.add(name, in: target)
            }
            for folder in ["models", DefinitionFiles.directory] { try list.copyFolder(folder, from: store, to: target) }
            if database != nil { try list.add(alerts, in: target) }
            try target.replace(BackupList.name, with: list.encoded())
        } catch {
            throw UpkeepError(error)
        }
        // What the log misses has been told.
        missing += try files.activationFaults(store).filter { !missing.contains($0) }
        return Backup(list: list, missing: missing)
    }

    private static func manifest(_ store: DiskStore) throws(UpkeepError) -> LogManifest? {
        do throws(LogError) { return try LogManifest.read(store: store) } catch { throw UpkeepError(error) }
    }

    /// The list of a backup.
    ///
    /// - Throws: ``UpkeepError`` if the folder is no whole backup.
    public static func list(of folder: String) throws(UpkeepError) -> BackupList {
        do throws(FileError) {
            if let bytes = try DiskStore(root: folder).contents(of: BackupList.name), let list = BackupList(bytes) {
                return list
            }
        } catch {
            throw .storage(error.description)
        }
        throw .damaged("\(folder) is no whole backup: \(BackupList.name) is missing or damaged")
    }

    /// Copies every file of a backup, and compares it with the list.
    ///
    /// - Parameters:
    ///   - list: The backup's.
    ///   - folder: The backup.
    ///   - target: Where the files go.
    /// - Throws: ``UpkeepError`` if a file is not what was backed up.
    public static func restore(_ list: BackupList, from folder: String, to target: DiskStore) throws(UpkeepError) {
        let source = DiskStore(root: folder)
        do throws(FileError) { try target.createDirectory("") } catch { throw .storage(error.description) }
        for file in list.files {
            var copied = BackupList()
            do throws(FileError) {
                try target.createDirectory(directoryName(of: file.name))
                try copied.copy(file.name, from: source, to: target)
            } catch {
                throw .storage(error.description)
            }
            guard copied.files.first == file else {
                throw .damaged("\(folder)/\(file.name) is not what was backed up")
            }
        }
    }
}
