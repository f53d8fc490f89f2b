import Base
import Plan

/// Says which partition each event of a batch belongs to: the hash of its partition entity's key, modulo the number of
/// partitions. Events without a key, rejected ones among them, go to partition 0.
public final class Partitioner {
    private let entity: Entity
    private let partitionCount: Int
    private let lanes: Lanes
    private let identity: UnsafeMutablePointer<Int32>
    private let keys: UnsafeMutablePointer<Text>

    /// What tells the partitions of a pipeline's events, `capacity` of them at a time at most.
    public init(plan: PipelinePlan, capacity: Int) {
        entity = plan.entities[plan.partitionEntity]
        partitionCount = plan.partitionCount
        lanes = Lanes(capacity: capacity)
        identity = .allocate(capacity: capacity)
        for row in 0..<capacity { identity[row] = Int32(row) }
        keys = .allocate(capacity: capacity)
    }

    deinit {
        identity.deallocate()
        keys.deallocate()
    }

    /// Appends the position of each event to the list of its partition.
    public func assign(_ batch: ColumnBatch, to partitions: inout [[Int32]]) {
        guard partitionCount > 1 else {
            partitions[0].append(contentsOf: UnsafeBufferPointer(start: identity, count: batch.count))
            return
        }
        let evaluator = Evaluator(lanes: lanes, batch: batch, rows: UnsafePointer(identity), count: batch.count)
        evaluator.keys(entity, into: keys)
        for row in 0..<batch.count {
            let isKeyed = batch.status[row] == 0 && !keys[row].isAbsent
            let partition = isKeyed ? Int(keys[row].hash64 % UInt64(partitionCount)) : 0
            partitions[partition].append(Int32(row))
        }
    }
}
