import CZlib
import Engine

/// How a body is packed on its way.
enum ContentCoding: String {
    case identity, gzip
    /// LZ4's frame format, any number of frames.
    case lz4

    /// - Parameter name: What a Content-Encoding says; x-gzip is another word for gzip (RFC 9110, 8.4.1.3).
    init?(named name: String) {
        let name = name.lowercased()
        self.init(rawValue: name == "x-gzip" ? "gzip" : name)
    }

    /// What is wrong with a packed body.
    enum Fault: Error, Equatable {
        case tooLarge(limit: Int)
        case damaged(String)
    }

    /// Unpacks a body, but never to more than `limit` bytes: a small one can claim gigabytes.
    func unpack(_ body: [UInt8], limit: Int) throws(Fault) -> [UInt8] {
        switch self {
        case .identity: body
        case .gzip: try Self.gunzip(body, limit: limit)
        case .lz4: try Self.unpackLZ4(body, limit: limit)
        }
    }

    private static let step = 1 << 18

    private static func unpackLZ4(_ body: [UInt8], limit: Int) throws(Fault) -> [UInt8] {
        var source = LZ4Source(Memory(bytes: body))
        var out: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: step)
        while true {
            let outcome = buffer.withUnsafeMutableBytes { buffer -> Result<Int, InputError> in
                do throws(InputError) { return .success(try source.read(into: buffer)) } catch {
                    return .failure(error)
                }
            }
            switch outcome {
            case .failure: throw .damaged("the LZ4 frame is broken or ends too early")
            case .success(0): return out
            case .success(let count):
                guard out.count + count <= limit else { throw .tooLarge(limit: limit) }
                out += buffer[..<count]
            }
        }
    }

    private static func gunzip(_ body: [UInt8], limit: Int) throws(Fault) -> [UInt8] {
        var stream = z_stream()
        guard pa_gzip_begin(&stream) == Z_OK else { throw .damaged("no memory to unpack it") }
        defer { inflateEnd(&stream) }
        var input = body
        var out: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: step)
        let fault = input.withUnsafeMutableBufferPointer { input -> Fault? in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(input.count)
            while true {
                var produced = 0
                let code = buffer.withUnsafeMutableBufferPointer { buffer in
                    stream.next_out = buffer.baseAddress
                    stream.avail_out = UInt32(buffer.count)
                    let code = inflate(&stream, Z_NO_FLUSH)
                    produced = buffer.count - Int(stream.avail_out)
                    return code
                }
                guard out.count + produced <= limit else { return .tooLarge(limit: limit) }
                out += buffer[..<produced]
                switch code {
                case Z_STREAM_END where stream.avail_in == 0: return nil
                // Members may follow one another.
                case Z_STREAM_END:
                    guard inflateReset(&stream) == Z_OK else { return .damaged("the gzip data is broken") }
                case Z_OK where produced > 0 || stream.avail_in > 0: continue
                case Z_OK, Z_BUF_ERROR: return .damaged("the gzip data ends too early")
                default: return .damaged("the gzip data is broken")
                }
            }
        }
        if let fault { throw fault }
        return out
    }

    private struct Memory: ByteSource {
        var bytes: [UInt8]
        var position = 0

        mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(InputError) -> Int {
            let count = min(buffer.count, bytes.count - position)
            bytes.withUnsafeBytes {
                buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position..<position + count]))
            }
            position += count
            return count
        }
    }
}
