import CKernels

/// CRC-32C (Castagnoli, RFC 3720): the checksum of Kafka's batches and of our own files.
public enum Checksum {
    /// The checksum of `bytes`, continued from `crc` (0 to start).
    public static func crc32c(_ bytes: UnsafeRawBufferPointer, continuing crc: UInt32 = 0) -> UInt32 {
        pa_crc32c(crc, bytes.baseAddress, bytes.count)
    }

    /// The checksum of an array, for small files that are read whole.
    public static func crc32c(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBytes { crc32c($0) }
    }
}
