/// Why a line is not JSON, and at which byte.
public struct JSONFault: Error, Sendable, Equatable, BitwiseCopyable {
    public enum Reason: UInt8, Sendable, BitwiseCopyable {
        case unexpectedByte, unexpectedEnd, badString, badEscape, badNumber, tooDeep, controlCharacter, trailingBytes
    }

    public var reason: Reason
    public var position: Int

    @inlinable
    public init(_ reason: Reason, at position: Int) {
        self.reason = reason
        self.position = position
    }

    /// In words.
    public var words: String {
        switch reason {
        case .unexpectedByte: "broken JSON: unexpected character at byte \(position)"
        case .unexpectedEnd: "broken JSON: it ends in the middle (byte \(position))"
        case .badString: "broken JSON: a string without an end, from byte \(position)"
        case .badEscape: "broken JSON: bad escape at byte \(position)"
        case .badNumber: "broken JSON: bad number at byte \(position)"
        case .tooDeep: "JSON nested deeper than \(JSONScanner.depthLimit) at byte \(position)"
        case .controlCharacter: "broken JSON: raw control character at byte \(position)"
        case .trailingBytes: "broken JSON: something follows the object at byte \(position)"
        }
    }
}

/// A cursor over one line of JSON (RFC 8259): strict, and without any allocation.
public struct JSONScanner {
    public static let depthLimit = 64

    public let bytes: UnsafePointer<UInt8>
    public let end: Int
    public var position: Int

    /// A scanner at the beginning of a line, whose bytes must outlive it.
    @inlinable
    public init(_ line: UnsafeBufferPointer<UInt8>) {
        // An empty buffer may have no address; nothing is read from it.
        bytes = line.baseAddress ?? UnsafePointer(bitPattern: 1).unsafelyUnwrapped
        end = line.count
        position = 0
    }

    /// Goes on behind white space, if there is any.
    @inlinable
    public mutating func skipSpace() {
        while position < end {
            let byte = bytes[position]
            guard byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D else { return }
            position += 1
        }
    }

    /// The next byte that is not space, not taken.
    @inlinable
    public mutating func peek() throws(JSONFault) -> UInt8 {
        skipSpace()
        guard position < end else { throw JSONFault(.unexpectedEnd, at: position) }
        return bytes[position]
    }

    /// Goes on behind a byte that must come next. Throws what is there instead.
    @inlinable
    public mutating func take(_ byte: UInt8) throws(JSONFault) {
        guard try peek() == byte else { throw JSONFault(.unexpectedByte, at: position) }
        position += 1
    }

    /// Takes a string; the result is where its content is, without the quotes, and whether it holds escapes.
    @inlinable
    public mutating func string() throws(JSONFault) -> (start: Int, end: Int, hasEscapes: Bool) {
        let start = position + 1
        guard position < end, bytes[position] == 0x22 else { throw JSONFault(.unexpectedByte, at: position) }
        var index = start
        var hasEscapes = false
        while true {
            // Eight bytes at a time while none of them is a quote, a backslash or a control character.
            while index + 8 <= end {
                let word = UnsafeRawPointer(bytes + index).loadUnaligned(as: UInt64.self)
                let quote = word ^ 0x2222_2222_2222_2222
                let slash = word ^ 0x5C5C_5C5C_5C5C_5C5C
                let hits =
                    ((quote &- 0x0101_0101_0101_0101) & ~quote)
                    | ((slash &- 0x0101_0101_0101_0101) & ~slash)
                    | ((word &- 0x2020_2020_2020_2020) & ~word)
                let found = hits & 0x8080_8080_8080_8080
                guard found == 0 else {
                    index += found.trailingZeroBitCount / 8
                    break
                }
                index += 8
            }
            guard index < end else { throw JSONFault(.badString, at: start - 1) }
            let byte = bytes[index]
            if byte == 0x22 {
                position = index + 1
                return (start, index, hasEscapes)
            }
            if byte == 0x5C {
                hasEscapes = true
                index = try escape(at: index)
            } else if byte < 0x20 {
                throw JSONFault(.controlCharacter, at: index)
            } else {
                index += 1
            }
        }
    }

    /// Checks the escape at a backslash and gives the position behind it.
    @usableFromInline
    func escape(at index: Int) throws(JSONFault) -> Int {
        guard index + 1 < end else { throw JSONFault(.badString, at: index) }
        switch bytes[index + 1] {
        case 0x22, 0x5C, 0x2F, 0x62, 0x66, 0x6E, 0x72, 0x74: return index + 2
        case 0x75:
            guard let unit = hexadecimal(at: index + 2) else { throw JSONFault(.badEscape, at: index) }
            guard unit & 0xF800 == 0xD800 else { return index + 6 }
            // A surrogate must be the first of a pair.
            guard unit < 0xDC00, index + 7 < end, bytes[index + 6] == 0x5C, bytes[index + 7] == 0x75,
                let low = hexadecimal(at: index + 8), low & 0xFC00 == 0xDC00
            else { throw JSONFault(.badEscape, at: index) }
            return index + 12
        default: throw JSONFault(.badEscape, at: index)
        }
    }

    func hexadecimal(at start: Int) -> UInt32? {
        guard start + 4 <= end else { return nil }
        var value: UInt32 = 0
        for index in start..<start + 4 {
            let byte = bytes[index]
            let digit: UInt8 =
                switch byte {
                case 0x30...0x39: byte - 0x30
                case 0x41...0x46: byte - 0x41 + 10
                case 0x61...0x66: byte - 0x61 + 10
                default: 255
                }
            guard digit < 16 else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    /// Takes a number.
    @inlinable
    public mutating func number() throws(JSONFault) -> Double {
        let start = position
        guard let value = NumberParser.parse(bytes, &position, end: end) else { throw JSONFault(.badNumber, at: start) }
        return value
    }

    /// Takes `true`, `false` or `null`.
    @inlinable
    public mutating func literal(_ first: UInt8) throws(JSONFault) {
        let word: StaticString = first == 0x74 ? "true" : first == 0x66 ? "false" : "null"
        let count = word.utf8CodeUnitCount
        guard position + count <= end else { throw JSONFault(.unexpectedEnd, at: position) }
        for index in 0..<count where bytes[position + index] != word.utf8Start[index] {
            throw JSONFault(.unexpectedByte, at: position)
        }
        position += count
    }

    /// Takes any value and checks it to its end.
    public mutating func skipValue(depth: Int = 0) throws(JSONFault) {
        guard depth < Self.depthLimit else { throw JSONFault(.tooDeep, at: position) }
        let byte = try peek()
        switch byte {
        case 0x22: _ = try string()
        case 0x7B:
            position += 1
            if try peek() == 0x7D {
                position += 1
                return
            }
            while true {
                _ = try peek()
                _ = try string()
                try take(0x3A)
                try skipValue(depth: depth + 1)
                guard try peek() == 0x2C else {
                    return try take(0x7D)
                }
                position += 1
            }
        case 0x5B:
            position += 1
            if try peek() == 0x5D {
                position += 1
                return
            }
            while true {
                try skipValue(depth: depth + 1)
                guard try peek() == 0x2C else {
                    return try take(0x5D)
                }
                position += 1
            }
        case 0x74, 0x66, 0x6E: try literal(byte)
        default: _ = try number()
        }
    }

    /// The content of a string with its escapes replaced. Only for strings that have any.
    public func unescaped(from start: Int, to stop: Int) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(stop - start)
        var index = start
        while index < stop {
            guard bytes[index] == 0x5C else {
                out.append(bytes[index])
                index += 1
                continue
            }
            switch bytes[index + 1] {
            case 0x62: out.append(0x08)
            case 0x66: out.append(0x0C)
            case 0x6E: out.append(0x0A)
            case 0x72: out.append(0x0D)
            case 0x74: out.append(0x09)
            case 0x75:
                var value = hexadecimal(at: index + 2) ?? 0xFFFD
                index += 4
                if value & 0xFC00 == 0xD800 {
                    value = 0x10000 + (value - 0xD800) << 10 + (hexadecimal(at: index + 4) ?? 0xDC00) - 0xDC00
                    index += 6
                }
                out.append(contentsOf: Array(String(Unicode.Scalar(value) ?? "\u{FFFD}").utf8))
            default: out.append(bytes[index + 1])
            }
            index += 2
        }
        return out
    }
}
