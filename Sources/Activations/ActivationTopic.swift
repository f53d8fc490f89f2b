import Base
import EventLog
public import FileStore

/// The activations of a data directory, for writing: a topic of one partition beside the events.
///
/// Invariants: what ``append(_:)`` has returned for is durable, and so are the definitions that it names; a record of
/// the topic follows the one before it. Owned by one thread of the process that has the directory's lock.
public final class ActivationTopic {
    /// The topic's name, which no pipeline has.
    public static let topic = "__activations"
    /// The name of its only partition.
    public static let partition = topic + "-0"
    /// The partition's folder.
    public static let directory = "log/" + partition

    /// What has been acknowledged.
    public private(set) var history: ActivationHistory

    private let store: any FileStore
    private var log: PartitionLog
    /// What an append that failed may have left.
    private var doubt: (activation: Activation, cause: LogError)?
    private var isClosed = false

    /// Opens the topic, made if it is missing. A record that was not finished is cut off.
    ///
    /// - Parameters:
    ///   - store: The data directory.
    ///   - acceptingLoss: Open it even if activations were lost to damage, so that what is in force is not known: then
    ///     only one that begins can be appended.
    /// - Throws: What is damaged, with the file and the way out, before anything was changed; what the disk says.
    public init(store: any FileStore, acceptingLoss: Bool = false) throws(ActivationError) {
        // Each record is durable before the next is written: one that is not whole in front of another is damage, not
        // what a crash has left, and nothing of it may be cut.
        let before = try ActivationHistory.readAll(store)
        if !acceptingLoss, let numbers = before.doubtful { throw .lost(numbers: numbers) }
        self.store = store
        log = try Self.open(store)
        history = try ActivationHistory.readAll(store)
    }

    /// Appends a record and makes it durable. What it names must be kept (``DefinitionFiles``).
    ///
    /// - Throws: ``ActivationError/refused(_:)``, ``ActivationError/missingDefinition(file:)``,
    ///   ``ActivationError/log(_:)``: it does not count, now or later. ``ActivationError/inDoubt(number:cause:)``:
    ///   nobody knows; then the same record may be appended again, which finds out first.
    public func append(_ activation: Activation) throws(ActivationError) {
        guard !isClosed else { throw .log(.closed(directory: Self.directory)) }
        if let doubt, try settle(doubt.activation, doubt.cause), doubt.activation == activation { return }
        var next = history
        do throws(ActivationError) {
            try next.add(activation)
            guard next.doubtful == nil else { throw .malformed("what was in force before it is lost; begin anew") }
            guard try Activation(activation.encoded) == activation else { throw .malformed("it has no exact spelling") }
        } catch {
            guard case .malformed(let words) = error else { throw error }
            throw .refused(words)
        }
        try DefinitionFiles(store: store).checkKept(activation)
        let builder = RecordBatchBuilder()
        activation.encoded.withUnsafeBytes { value in
            builder.add(timestampMilliseconds: activation.atMilliseconds, key: nil, value: value)
        }
        do throws(LogError) {
            _ = try log.append(builder)
            history = next
        } catch {
            guard try settle(activation, error) else { throw .log(error) }
        }
    }

    /// Completes the files. Nothing can be appended then.
    ///
    /// - Throws: What the disk says.
    public func close() throws(ActivationError) {
        try ActivationError.logs { () throws(LogError) in try log.close() }
        isClosed = true
    }

    // MARK: - Failure

    /// Finds out, durably, whether a record counts whose append has failed.
    private func settle(_ activation: Activation, _ cause: LogError) throws(ActivationError) -> Bool {
        doubt = (activation, cause)
        do throws(ActivationError) {
            var found = try ActivationHistory.readAll(store)
            // A log that goes on has its own view, which a record that is whole does not agree with.
            if !cause.passes || found != history {
                log = try Self.open(store)
                found = try ActivationHistory.readAll(store)
            }
            // What was cut off must not come back with a power cut.
            if let last = try Self.segments(store).last?.file {
                try ActivationError.files { () throws(FileError) in try store.sync(last) }
            }
            history = found
        } catch {
            if error.isDamage { throw error }
            throw .inDoubt(number: activation.number, cause: "\(cause)")
        }
        doubt = nil
        return history.all.last == activation
    }

    // MARK: - Files

    /// Opens the log; what is found in it is durable on return.
    private static func open(_ store: any FileStore) throws(ActivationError) -> PartitionLog {
        var settings = LogSettings()
        settings.durability = .fsync
        // There are few, and a person may want to look at them.
        settings.compression = .none
        settings.fillAheadBytes = 0
        return try ActivationError.logs { () throws(LogError) in
            let log = try PartitionLog(directory: directory, store: store, settings: settings)
            if let damage = log.recovery.damage.first { throw .damaged(damage) }
            try log.sync()
            return log
        }
    }

    /// The files with records and the first offset of each, in order.
    static func segments(_ store: any FileStore) throws(ActivationError) -> [(base: Int64, file: String)] {
        let names = try ActivationError.files { () throws(FileError) in try store.list(directory) }
        return names.compactMap { name in
            guard name.hasSuffix(".log"), let base = Int64(name.dropLast(4)) else { return nil }
            return (base, directory + "/" + name)
        }
    }
}
