/// Follows a request's body to its end, without keeping it.
public struct BodyReader: Sendable {
    private enum State: Sendable {
        case content(left: Int)
        /// In a chunk's size, so many digits of it read.
        case size(Int, digits: Int)
        case sizeEnd(Int)
        case chunk(left: Int)
        case chunkReturn, chunkEnd
        case lastReturn, lastEnd
        case done
    }

    private var state: State
    private let limit: Int
    /// Bytes of content so far.
    public private(set) var received = 0

    /// - Parameters:
    ///   - framing: How the body's end is found.
    ///   - limit: Bytes of content that are taken.
    /// - Throws: ``Refusal`` if it is known to be too large.
    public init(_ framing: RequestHead.Framing, limit: Int) throws(Refusal) {
        self.limit = limit
        switch framing {
        case .length(let count):
            guard count <= limit else { throw .tooLarge }
            state = count == 0 ? .done : .content(left: count)
        case .chunked:
            state = .size(0, digits: 0)
        }
    }

    public var isDone: Bool { if case .done = state { true } else { false } }

    /// Takes bytes up to the body's end.
    ///
    /// - Returns: how many belong to it.
    /// - Throws: what is wrong with them.
    public mutating func take(_ input: UnsafeRawBufferPointer) throws(Refusal) -> Int {
        var index = 0
        while index < input.count, !isDone {
            switch state {
            case .content(let left):
                let count = min(left, input.count - index)
                received += count
                index += count
                state = left == count ? .done : .content(left: left - count)
            case .chunk(let left):
                let count = min(left, input.count - index)
                received += count
                index += count
                state = left == count ? .chunkReturn : .chunk(left: left - count)
            default:
                try takeFraming(input[index])
                index += 1
            }
        }
        return index
    }

    /// No extensions and no trailer fields: nothing here reads them, and others may read them differently.
    private mutating func takeFraming(_ byte: UInt8) throws(Refusal) {
        switch (state, byte) {
        case (.size(let size, let digits), 0x0D) where digits > 0:
            state = .sizeEnd(size)
        case (.size(let size, let digits), _):
            guard let digit = Self.digit(byte), digits < 8 else { throw .malformed("a chunk's size is no number") }
            state = .size(size << 4 | digit, digits: digits + 1)
        case (.sizeEnd(let size), 0x0A):
            guard size <= limit - received else { throw .tooLarge }
            state = size == 0 ? .lastReturn : .chunk(left: size)
        case (.chunkReturn, 0x0D): state = .chunkEnd
        case (.chunkEnd, 0x0A): state = .size(0, digits: 0)
        case (.lastReturn, 0x0D): state = .lastEnd
        case (.lastEnd, 0x0A): state = .done
        default: throw .malformed("a chunk does not end where it should")
        }
    }

    private static func digit(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte) - 0x30
        case 0x41...0x46: Int(byte) - 0x37
        case 0x61...0x66: Int(byte) - 0x57
        default: nil
        }
    }
}
