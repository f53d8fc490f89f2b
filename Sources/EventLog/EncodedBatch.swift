import Bytes

/// A finished batch that lacks only its place in a log: compressed and checksummed by whoever made it, so that the
/// thread that appends has nothing left to do but to copy it.
///
/// The base offset is the one field that is set later. It is not under the checksum.
public struct EncodedBatch: Sendable {
    /// The number of records.
    public let count: Int
    private let bytes: [UInt8]

    /// The size in the log, in bytes.
    public var byteCount: Int { bytes.count }

    init(_ bytes: UnsafeRawBufferPointer, count: Int) {
        precondition(count > 0 && bytes.count > BatchHeader.byteCount, "A batch has a header and records.")
        self.bytes = Array(bytes)
        self.count = count
    }

    /// What the header says, were the batch at this place.
    func header(position: Int) -> BatchHeader {
        bytes.withUnsafeBytes { BatchHeader($0, position: position) }
    }

    /// Copies the batch behind others, with its base offset, and returns its header.
    func stage(in group: inout ByteWriter, baseOffset: Int64, position: Int) -> BatchHeader {
        let start = group.count
        group.append(bytes)
        let copy = UnsafeMutableRawBufferPointer(rebasing: group.mutableBytes[start...])
        copy.storeBytes(of: baseOffset.bigEndian, as: Int64.self)
        return BatchHeader(UnsafeRawBufferPointer(copy), position: position)
    }
}
