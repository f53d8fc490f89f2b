import Ingest

/// Bytes that arrive in pieces of these sizes, the last one again and again.
struct Pieces: ByteSource {
    let bytes: [UInt8]
    private var sizes: [Int]
    private var position = 0

    init(bytes: [UInt8], sizes: [Int]) {
        self.bytes = bytes
        self.sizes = sizes
    }

    init(bytes: [UInt8], size: Int) { self.init(bytes: bytes, sizes: [size]) }

    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(InputError) -> Int {
        let count = min(sizes[0], bytes.count - position, buffer.count)
        buffer.copyBytes(from: bytes[position..<position + count])
        position += count
        if sizes.count > 1 { sizes.removeFirst() }
        return count
    }
}
