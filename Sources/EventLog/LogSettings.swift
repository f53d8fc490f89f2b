/// How a partition's log is kept.
public struct LogSettings: Sendable {
    /// When an append is acknowledged.
    public enum Durability: Sendable, Equatable {
        /// When the operating system has the bytes: they survive the process, and a power cut once
        /// ``PartitionLog/sync()`` has returned.
        case os
        /// When the operating system has the bytes, as with ``os``; ``SharedLog`` syncs them at most this much later.
        /// ``PartitionLog`` knows no clock and leaves that to its owner.
        case interval(milliseconds: Int)
        /// When the bytes have been synced: they survive a power cut.
        case fsync
    }

    public enum Compression: Sendable {
        case none
        case lz4
    }

    public var durability = Durability.os
    public var compression = Compression.lz4

    /// A segment is closed before it would grow beyond this.
    public var segmentBytes = 128 << 20

    /// A segment is closed before it would hold a batch whose latest record is more than this later than its first
    /// batch's; nil = however old. In milliseconds of the records' own times, so that the same batches give the same
    /// segments.
    public var segmentMilliseconds: Int64?

    /// Unless ``durability`` is ``Durability/os``, how far ahead of the last batch the file is filled with zeros:
    /// syncing an overwrite is ten times steadier than syncing a growing file. Little at a time, because whoever
    /// appends waits for it. ``PartitionLog/close()`` cuts the zeros off.
    public var fillAheadBytes = 2 << 20

    /// Bytes of batches that wait for ``SharedLog``'s next round at most, and so what one round writes; a larger batch
    /// goes alone. A full queue makes callers wait.
    public var queueBytes = 4 << 20

    public init() {}
}

/// What a log takes from a disk or from another program at most, so that no input can exhaust memory.
public enum LogLimits {
    /// Bytes of a batch as stored.
    public static let batchBytes = 64 << 20
    /// Bytes of a batch's records, uncompressed: a few bytes of LZ4 can claim hundreds of megabytes.
    public static let uncompressedBytes = 64 << 20
    /// Records of a batch: each takes 7 bytes at least.
    public static let recordsPerBatch = uncompressedBytes / 7
    /// Bytes of a segment: positions in it are 32 bits wide.
    public static let segmentBytes = Int(Int32.max)
    /// No segment begins behind this offset, and no file that says so is believed: what is computed from two offsets is
    /// never out of range.
    public static let offset: Int64 = 1 << 62
    /// Producers whose last batches a partition remembers.
    public static let producers = 4096
    /// Headers of one record.
    public static let headersPerRecord = 1024
}
