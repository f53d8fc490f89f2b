/// What a partition's thread is handed, in the order in which it is done.
enum PartitionOrder: Sendable {
    case chunk(LiveChunk)
    /// Something to be done between two chunks.
    case visit(@Sendable (LivePartition) -> Void)
}
