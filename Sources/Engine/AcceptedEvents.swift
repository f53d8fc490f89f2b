import Plan

/// The events of a batch that were accepted, in log order.
struct AcceptedEvents {
    let batch: ColumnBatch
    /// By event: its position in the batch, and its offset in the partition.
    let rows: UnsafePointer<Int32>
    let offsets: UnsafePointer<Int64>
    let count: Int

    @inline(__always)
    func row(_ event: Int) -> Int { Int(rows[event]) }

    /// Microseconds.
    @inline(__always)
    func time(_ event: Int) -> Int64 { batch.times[Int(rows[event])] }
}
