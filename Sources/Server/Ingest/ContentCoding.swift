import Ingest

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

    private var container: Container? {
        switch self {
        case .identity: nil
        case .gzip: .gzip
        case .lz4: .lz4
        }
    }

    /// Unpacks a body, but never to more than `limit` bytes: a small one can claim gigabytes.
    func unpack(_ body: [UInt8], limit: Int) throws(Fault) -> [UInt8] {
        guard let container else { return body }
        // Nothing is no frame.
        guard !body.isEmpty else { throw .damaged("there is no \(container.rawValue) data") }
        var source = UnpackingSource(container, Memory(bytes: body))
        var out: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: Self.step)
        while true {
            let outcome = buffer.withUnsafeMutableBytes { buffer -> Result<Int, InputError> in
                do throws(InputError) { return .success(try source.read(into: buffer)) } catch {
                    return .failure(error)
                }
            }
            switch outcome {
            case .failure(let error): throw .damaged(error.description)
            case .success(0): return out
            case .success(let count):
                guard out.count + count <= limit else { throw .tooLarge(limit: limit) }
                out += buffer[..<count]
            }
        }
    }

    private static let step = 1 << 18

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
