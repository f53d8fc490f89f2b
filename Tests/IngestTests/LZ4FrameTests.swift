import Ingest
import Testing

@Suite struct LZ4FrameTests {
    /// What is packed piece by piece is one frame, which is told by its first bytes and unpacked to the same bytes.
    @Test(arguments: [[], [0], [1], [70_000, 0, 3, 300_000]])
    func packedBytesComeBack(_ sizes: [Int]) throws {
        let writer = LZ4FrameWriter()
        var bytes: [UInt8] = []
        var packed: [UInt8] = []
        for size in sizes {
            let piece = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* $0 / 7) }
            bytes += piece
            packed += writer.compress(piece)
        }
        packed += writer.end()
        #expect(Container(packed) == .lz4)
        var source = UnpackingSource(.lz4, Pieces(bytes: packed, size: 1000))
        var found: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = try buffer.withUnsafeMutableBytes { try source.read(into: $0) }
            guard count > 0 else { break }
            found += buffer[..<count]
        }
        #expect(found == bytes)
    }
}
