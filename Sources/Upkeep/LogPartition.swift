import Activations
public import EventLog
public import FileStore

/// One partition's folder in the log.
public struct LogPartition: Comparable, Hashable, Sendable {
    /// Topic and number, as the folder is called.
    public let name: String
    public let topic: String
    public let number: Int

    public var directory: String { "log/" + name }

    /// It holds no events, but what has been activated: people's word, which is never shortened, printed or exported as
    /// events.
    public var hasActivations: Bool { topic == ActivationTopic.topic }

    /// Nil if the folder is something else.
    public init?(_ name: String) {
        guard let dash = name.lastIndex(of: "-"), let number = Int(name[name.index(after: dash)...]), number >= 0 else {
            return nil
        }
        self.name = name
        self.number = number
        topic = String(name[..<dash])
    }

    /// Those that have a folder, and those that the manifest names.
    public static func all(_ store: DiskStore) throws(UpkeepError) -> [LogPartition] {
        var names = Set(try folders(store))
        do throws(LogError) {
            if let manifest = try LogManifest.read(store: store) { names.formUnion(manifest.partitions.keys) }
        } catch {
            throw UpkeepError(error)
        }
        return names.compactMap { LogPartition($0) }.sorted()
    }

    /// The names of those that have a folder.
    public static func folders(_ store: DiskStore) throws(UpkeepError) -> [String] {
        do throws(FileError) { return try store.list("log").filter { LogPartition($0) != nil } } catch {
            throw UpkeepError(error)
        }
    }

    /// Whether the partition is whole, and what of it was lost.
    public func report(_ store: DiskStore) throws(UpkeepError) -> LogReport {
        do throws(LogError) { return try LogReport.verify(directory: directory, store: store) } catch {
            throw UpkeepError(error)
        }
    }

    /// By topic, then by number.
    public static func < (left: LogPartition, right: LogPartition) -> Bool {
        (left.topic, left.number) < (right.topic, right.number)
    }
}
