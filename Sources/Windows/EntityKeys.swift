import Base
public import Plan

/// The keys of a batch's events, by entity, as their hashes: for telling sources apart, not for keeping their state.
public final class EntityKeys {
    private let entities: [Entity]
    private let capacity: Int
    private let lanes: Lanes
    private let identity: UnsafeMutablePointer<Int32>
    private let keys: UnsafeMutablePointer<Text>
    private let hashes: UnsafeMutablePointer<UInt64>

    /// Events a batch at most.
    public init(plan: PipelinePlan, capacity: Int) {
        entities = plan.entities
        self.capacity = capacity
        lanes = Lanes(capacity: capacity)
        identity = .allocate(capacity: capacity)
        for row in 0..<capacity { identity[row] = Int32(row) }
        keys = .allocate(capacity: capacity)
        hashes = .allocate(capacity: capacity * max(1, plan.entities.count))
    }

    deinit {
        identity.deallocate()
        keys.deallocate()
        hashes.deallocate()
    }

    /// Computes the keys of all events of a batch.
    public func compute(_ batch: ColumnBatch) {
        let evaluator = Evaluator(lanes: lanes, batch: batch, rows: UnsafePointer(identity), count: batch.count)
        for (index, entity) in entities.enumerated() {
            evaluator.keys(entity, into: keys)
            let out = hashes + index * capacity
            // Zero stands for none.
            for row in 0..<batch.count { out[row] = keys[row].isAbsent ? 0 : max(1, keys[row].hash64) }
        }
    }

    /// The hash of an event's key of an entity, 0 if it has none; of the batch that was computed last.
    public func hash(of row: Int, entity: Int) -> UInt64 { hashes[entity * capacity + row] }
}
