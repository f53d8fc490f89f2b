/// What a recording is packed in, told by its first bytes.
public enum Container: String, Sendable, CaseIterable {
    case gzip, zstd
    case lz4 = "LZ4"

    /// What names end in that say it.
    public var endings: [String] {
        switch self {
        case .gzip: [".gz", ".gzip"]
        case .zstd: [".zst", ".zstd"]
        case .lz4: [".lz4"]
        }
    }

    /// How many bytes tell it.
    public static let signatureCount = 4

    /// - Parameter head: The first bytes.
    public init?(_ head: some Collection<UInt8>) {
        if head.starts(with: [0x1F, 0x8B]) {
            self = .gzip
        } else if head.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
            self = .zstd
        } else if head.starts(with: [0x04, 0x22, 0x4D, 0x18]) {
            self = .lz4
        } else if let first = head.first, first & 0xF0 == 0x50, head.dropFirst().starts(with: [0x2A, 0x4D, 0x18]) {
            // A frame to be passed over: pzstd begins with one.
            self = .zstd
        } else {
            return nil
        }
    }

    func unpacker() -> any Unpacker {
        switch self {
        case .gzip: GzipUnpacker()
        case .zstd: ZstdUnpacker()
        case .lz4: LZ4Unpacker()
        }
    }
}

/// Unpacks a container, any number of its frames behind one another, as a stream.
public struct UnpackingSource<Base: ByteSource>: ByteSource {
    private let container: Container
    private var base: Base
    private let unpacker: any Unpacker
    private let input = Input()
    private var filled = 0
    private var taken = 0
    private var consumed = 0
    private var isBaseShort = false
    /// The unpacker may have more for the output without more input.
    private var holdsOutput = false
    /// What is said once everything before it has been given.
    private var fault: InputError?

    private final class Input {
        static var size: Int { 1 << 18 }
        let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: size)

        deinit { bytes.deallocate() }
    }

    /// What is packed in a source, unpacked while it is read.
    public init(_ container: Container, _ base: Base) {
        self.container = container
        self.base = base
        unpacker = container.unpacker()
    }

    /// Unpacks the next bytes and returns how many they are; 0 at the end. Throws what is wrong with the source or the
    /// packing.
    public mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(InputError) -> Int {
        var total = 0
        do throws(InputError) {
            if let fault { throw fault }
            while total < buffer.count {
                if taken == filled, !holdsOutput {
                    if total > 0, isBaseShort { break }
                    guard try refill() else { break }
                }
                total += try step(UnsafeMutableRawBufferPointer(rebasing: buffer[total...]))
            }
        } catch {
            fault = error
            guard total > 0 else { throw error }
        }
        return total
    }

    /// False at the end.
    private mutating func refill() throws(InputError) -> Bool {
        filled = try base.read(into: UnsafeMutableRawBufferPointer(start: input.bytes, count: Input.size))
        taken = 0
        isBaseShort = filled < Input.size
        guard filled == 0 else { return true }
        if unpacker.isInside { throw .cutOff(container, position: consumed) }
        return false
    }

    private mutating func step(_ output: UnsafeMutableRawBufferPointer) throws(InputError) -> Int {
        let rest = UnsafeMutableBufferPointer(start: input.bytes + taken, count: filled - taken)
        do throws(UnpackFault) {
            let (used, produced) = try unpacker.unpack(rest, into: output)
            taken += used
            consumed += used
            holdsOutput = produced == output.count
            return produced
        } catch {
            throw .damaged(container, position: consumed + error.used, words: error.words)
        }
    }
}
