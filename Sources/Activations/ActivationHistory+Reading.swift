import Base
import EventLog
public import FileStore

extension ActivationHistory {
    /// Reads the topic of a data directory, without a lock and beside a writer; a directory without one has an empty
    /// history.
    ///
    /// - Throws: What is damaged, with the file and the way out (``ActivationError/isDamage``);
    ///   ``ActivationError/lost(numbers:)`` if what is in force is not known any more; what the disk says.
    public static func read(store: any FileStore) throws(ActivationError) -> ActivationHistory {
        let history = try readAll(store)
        if let numbers = history.doubtful { throw .lost(numbers: numbers) }
        return history
    }

    /// Reads the topic, though it may not say what is in force.
    static func readAll(_ store: any FileStore) throws(ActivationError) -> ActivationHistory {
        let missing = try ActivationError.logs { () throws(LogError) in
            try LogManifest.missing(store: store, where: { $0 == ActivationTopic.partition })
        }
        if let damage = missing.first { throw .log(.damaged(damage)) }
        var history = ActivationHistory()
        let reader = PartitionReader(directory: ActivationTopic.directory, store: store)
        let batch = RecordBatch()
        while try ActivationError.logs({ () throws(LogError) in try reader.next(into: batch) }) {
            if batch.lostRange != nil {
                history.addLost(batch.count)
                continue
            }
            for (index, record) in batch.records.enumerated() {
                let offset = batch.baseOffset + Int64(index)
                do throws(ActivationError) {
                    try history.add(try Activation(Array(batch.bytes[record.value])))
                } catch {
                    throw try Self.damage(error, at: offset, store)
                }
            }
        }
        return history
    }

    private static func damage(
        _ error: ActivationError,
        at offset: Int64,
        _ store: any FileStore
    ) throws(ActivationError) -> ActivationError {
        let segments = try ActivationTopic.segments(store)
        let file = segments.last { $0.base <= offset }?.file ?? ActivationTopic.directory
        guard case .malformed(let words) = error else { return error }
        return .damaged(file: file, offset: offset, words: "this is no activation that belongs here: \(words)")
    }
}
