import CLZ4

/// Where a recording's bytes come from.
public protocol ByteSource {
    /// Fills the front of the buffer and returns how many bytes; 0 at the end.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(InputError) -> Int
}

/// What can go wrong with a recording itself, as opposed to its lines.
public enum InputError: Error, Sendable, Equatable, CustomStringConvertible {
    case unreadable(path: String, errno: Int32, words: String)
    case damagedFrame(position: Int, words: String)
    case changed(line: Int, path: String)

    public var description: String {
        switch self {
        case .unreadable(let path, _, let words): "cannot read \(path): \(words)"
        case .damagedFrame(let position, let words):
            "the LZ4 data is damaged near byte \(position): \(words); what came before it has been taken"
        case .changed(let line, let path):
            "\(path) is not the file that was replayed before: its first \(line) lines differ; "
                + "use another --data-dir, or the original file"
        }
    }
}

/// Decompresses LZ4 frames, any number of them behind one another, as a stream.
public struct LZ4Source<Base: ByteSource>: ByteSource {
    private var base: Base
    private let context: Context
    private let input: UnsafeMutablePointer<UInt8>
    private let inputSize = 1 << 18
    private var filled = 0
    private var taken = 0
    private var consumed = 0
    private var frameIsOpen = false

    private final class Context {
        var handle: OpaquePointer?

        let input = UnsafeMutablePointer<UInt8>.allocate(capacity: 1 << 18)

        init() { LZ4F_createDecompressionContext(&handle, UInt32(LZ4F_VERSION)) }

        deinit {
            LZ4F_freeDecompressionContext(handle)
            input.deallocate()
        }
    }

    public init(_ base: Base) {
        self.base = base
        context = Context()
        input = context.input
    }

    public mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(InputError) -> Int {
        while true {
            if taken == filled {
                filled = try base.read(into: UnsafeMutableRawBufferPointer(start: input, count: inputSize))
                taken = 0
                if filled == 0 {
                    guard !frameIsOpen else {
                        throw .damagedFrame(position: consumed, words: "the file ends in the middle of a frame")
                    }
                    return 0
                }
            }
            var produced = buffer.count
            var used = filled - taken
            let hint = LZ4F_decompress(context.handle, buffer.baseAddress, &produced, input + taken, &used, nil)
            guard LZ4F_isError(hint) == 0 else {
                throw .damagedFrame(position: consumed, words: String(cString: LZ4F_getErrorName(hint)))
            }
            taken += used
            consumed += used
            frameIsOpen = hint != 0
            if produced > 0 { return produced }
        }
    }
}
