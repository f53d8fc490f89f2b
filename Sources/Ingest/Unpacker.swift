import CLZ4
import CZlib
import CZstd

/// What is wrong with packed data, in its library's words.
struct UnpackFault: Error {
    var words: String
    /// How many bytes of the input it has got over.
    var used = 0
}

/// Unpacks one kind of container, piece by piece.
protocol Unpacker: AnyObject {
    /// Whether a frame has begun and not ended: the data cannot end here.
    var isInside: Bool { get }

    /// Takes some of the input and fills some of the output; returns how many bytes of each.
    func unpack(
        _ input: UnsafeMutableBufferPointer<UInt8>,
        into output: UnsafeMutableRawBufferPointer
    ) throws(UnpackFault) -> (used: Int, produced: Int)
}

final class LZ4Unpacker: Unpacker {
    private var context: OpaquePointer?
    private(set) var isInside = false

    init() { LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION)) }

    deinit { LZ4F_freeDecompressionContext(context) }

    func unpack(
        _ input: UnsafeMutableBufferPointer<UInt8>,
        into output: UnsafeMutableRawBufferPointer
    ) throws(UnpackFault) -> (used: Int, produced: Int) {
        var used = input.count
        var produced = output.count
        let hint = LZ4F_decompress(context, output.baseAddress, &produced, input.baseAddress, &used, nil)
        guard LZ4F_isError(hint) == 0 else {
            throw UnpackFault(words: String(cString: LZ4F_getErrorName(hint)), used: used)
        }
        // An empty call asks for the next header, which need not come.
        if used > 0 || produced > 0 { isInside = hint != 0 }
        return (used, produced)
    }
}

final class ZstdUnpacker: Unpacker {
    private let stream = ZSTD_createDStream()
    private(set) var isInside = false

    deinit { ZSTD_freeDStream(stream) }

    func unpack(
        _ input: UnsafeMutableBufferPointer<UInt8>,
        into output: UnsafeMutableRawBufferPointer
    ) throws(UnpackFault) -> (used: Int, produced: Int) {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let hint = ZSTD_decompressStream(stream, &target, &source)
        // Its own limit, 128 MB of window, bounds the memory.
        guard ZSTD_isError(hint) == 0 else {
            throw UnpackFault(words: String(cString: ZSTD_getErrorName(hint)), used: source.pos)
        }
        if source.pos > 0 || target.pos > 0 { isInside = hint != 0 }
        return (source.pos, target.pos)
    }
}

final class GzipUnpacker: Unpacker {
    // zlib keeps the stream's address.
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private let isReady: Bool
    private(set) var isInside = false
    /// Zeros have come behind a member: nothing but zeros may follow, as on a tape.
    private var isPadding = false

    init() {
        stream.initialize(to: z_stream())
        isReady = pa_gzip_begin(stream) == Z_OK
    }

    deinit {
        if isReady { inflateEnd(stream) }
        stream.deallocate()
    }

    func unpack(
        _ input: UnsafeMutableBufferPointer<UInt8>,
        into output: UnsafeMutableRawBufferPointer
    ) throws(UnpackFault) -> (used: Int, produced: Int) {
        guard isReady else { throw UnpackFault(words: "no memory to unpack it") }
        guard let first = input.first else { return try inflate(input, output) }
        if !isInside {
            if first == 0 || isPadding {
                guard input.allSatisfy({ $0 == 0 }) else { throw UnpackFault(words: "something else follows it") }
                isPadding = true
                return (input.count, 0)
            }
            guard first == 0x1F else { throw UnpackFault(words: "something else follows it") }
        }
        return try inflate(input, output)
    }

    private func inflate(
        _ input: UnsafeMutableBufferPointer<UInt8>,
        _ output: UnsafeMutableRawBufferPointer
    ) throws(UnpackFault) -> (used: Int, produced: Int) {
        guard isInside || !input.isEmpty else { return (0, 0) }
        isInside = true
        stream.pointee.next_in = input.baseAddress
        stream.pointee.avail_in = UInt32(input.count)
        stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
        stream.pointee.avail_out = UInt32(clamping: output.count)
        let room = Int(stream.pointee.avail_out)
        let code = CZlib.inflate(stream, Z_NO_FLUSH)
        switch code {
        case Z_OK, Z_BUF_ERROR: break
        case Z_STREAM_END:
            isInside = false
            guard inflateReset(stream) == Z_OK else { throw UnpackFault(words: "no memory to unpack it") }
        default:
            let words = stream.pointee.msg.map { String(cString: $0) } ?? "it is broken"
            throw UnpackFault(words: words, used: input.count - Int(stream.pointee.avail_in))
        }
        return (input.count - Int(stream.pointee.avail_in), room - Int(stream.pointee.avail_out))
    }
}
