/// How a recording's characters are bytes.
public enum TextEncoding: String, Sendable, CaseIterable {
    case utf8 = "utf-8"
    case utf16LittleEndian = "utf-16le"
    case utf16BigEndian = "utf-16be"
    case windows1252 = "windows-1252"
    case latin1 = "latin-1"

    /// How many bytes tell it.
    public static let headCount = 4

    /// What the first bytes say: a byte order mark, or ASCII of which every second byte is zero; nil if nothing.
    public init?(_ head: some RandomAccessCollection<UInt8>) {
        let head = Array(head.prefix(Self.headCount))
        if head.starts(with: [0xFF, 0xFE]) {
            self = .utf16LittleEndian
        } else if head.starts(with: [0xFE, 0xFF]) {
            self = .utf16BigEndian
        } else if head.count == 4, head[1] == 0, head[3] == 0, head[0] != 0, head[2] != 0 {
            self = .utf16LittleEndian
        } else if head.count == 4, head[0] == 0, head[2] == 0, head[1] != 0, head[3] != 0 {
            self = .utf16BigEndian
        } else {
            return nil
        }
    }
}

/// Turns a recording of another encoding into UTF-8, as a stream.
///
/// A half of a surrogate pair becomes bytes that are no UTF-8, so that its line is refused. The five bytes that
/// Windows-1252 leaves open are control characters, as browsers have it.
public struct TranscodingSource: ByteSource {
    private var base: any ByteSource
    private let encoding: TextEncoding
    private var input = [UInt8](repeating: 0, count: 1 << 16)
    private var filled = 0
    private var taken = 0
    private var isBaseShort = false
    private var hasBegun = false
    /// The first half of a pair.
    private var high: UInt32?

    /// No byte of the input becomes more, with a half that has waited for its other one.
    private static let growth = 6

    public init(_ base: any ByteSource, from encoding: TextEncoding) {
        self.base = base
        self.encoding = encoding
    }

    /// Reads on as UTF-8 and returns how many bytes it is; 0 at the end.
    public mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(InputError) -> Int {
        guard encoding != .utf8 else { return try base.read(into: buffer) }
        var out = 0
        while buffer.count - out >= Self.growth * 2 {
            if filled - taken < (isWide ? 2 : 1) {
                if out > 0, isBaseShort { break }
                guard try refill(keepsFault: out > 0) else { break }
                continue
            }
            out += isWide ? wide(buffer, at: out) : narrow(buffer, at: out)
        }
        return out
    }

    private var isWide: Bool { encoding == .utf16LittleEndian || encoding == .utf16BigEndian }

    /// False at the end. A byte alone at the end of UTF-16 is none yet.
    private mutating func refill(keepsFault: Bool) throws(InputError) -> Bool {
        let rest = filled - taken
        if rest > 0 { input[0] = input[taken] }
        taken = 0
        filled = rest
        var fault: InputError?
        let read = input.withUnsafeMutableBytes { bytes -> Int in
            let room = UnsafeMutableRawBufferPointer(rebasing: bytes[rest...])
            do throws(InputError) { return try base.read(into: room) } catch {
                fault = error
                return 0
            }
        }
        if let fault, !keepsFault { throw fault }
        filled += read
        isBaseShort = filled < input.count
        return read > 0
    }

    private mutating func narrow(_ buffer: UnsafeMutableRawBufferPointer, at start: Int) -> Int {
        var out = start
        while taken < filled, buffer.count - out >= 3 {
            let byte = input[taken]
            taken += 1
            let isOpen = encoding == .windows1252 && byte & 0xE0 == 0x80
            out += Self.put(isOpen ? Self.windows1252[Int(byte & 0x1F)] : UInt32(byte), buffer, at: out)
        }
        return out - start
    }

    private mutating func wide(_ buffer: UnsafeMutableRawBufferPointer, at start: Int) -> Int {
        var out = start
        let shift = encoding == .utf16LittleEndian ? 0 : 1
        while filled - taken >= 2, buffer.count - out >= Self.growth {
            let unit = UInt32(input[taken + shift]) | UInt32(input[taken + 1 - shift]) << 8
            taken += 2
            if !hasBegun {
                hasBegun = true
                if unit == 0xFEFF { continue }
            }
            if let first = high {
                high = nil
                if unit & 0xFC00 == 0xDC00 {
                    out += Self.put(0x10000 + (first - 0xD800) << 10 + unit - 0xDC00, buffer, at: out)
                    continue
                }
                out += Self.put(first, buffer, at: out)
            }
            if unit & 0xFC00 == 0xD800 { high = unit } else { out += Self.put(unit, buffer, at: out) }
        }
        return out - start
    }

    /// Writes a character and returns how many bytes it took.
    @inline(__always)
    private static func put(_ scalar: UInt32, _ buffer: UnsafeMutableRawBufferPointer, at place: Int) -> Int {
        func tail(_ shift: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: scalar >> shift & 0x3F) | 0x80 }
        switch scalar {
        case ..<0x80:
            buffer[place] = UInt8(truncatingIfNeeded: scalar)
            return 1
        case ..<0x800:
            buffer[place] = UInt8(truncatingIfNeeded: scalar >> 6) | 0xC0
            buffer[place + 1] = tail(0)
            return 2
        case ..<0x10000:
            buffer[place] = UInt8(truncatingIfNeeded: scalar >> 12) | 0xE0
            buffer[place + 1] = tail(6)
            buffer[place + 2] = tail(0)
            return 3
        default:
            buffer[place] = UInt8(truncatingIfNeeded: scalar >> 18) | 0xF0
            buffer[place + 1] = tail(12)
            buffer[place + 2] = tail(6)
            buffer[place + 3] = tail(0)
            return 4
        }
    }

    /// Of 0x80…0x9F.
    private static let windows1252: [UInt32] = [
        0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,
        0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A,
        0x0153, 0x9D, 0x017E, 0x0178,
    ]
}
