import Bytes

/// A JSON text of many values: an array, or values behind one another with or without anything between them, each on
/// one line or on many; given as JSON lines, so that nobody behind it need know.
///
/// A value becomes one line. It has the number of the line on which it begins in the file; where several begin on one,
/// they are counted on. So a line feed inside of a value becomes a space, and lines that are thereby missing are given
/// empty behind it. A value that is broken costs itself: the next one begins where a line begins as its line has begun,
/// or behind a `}` and a comma or nothing.
public struct JSONSequence: ByteSource {
    private var base: any ByteSource
    private var input = [UInt8](repeating: 0, count: 1 << 16)
    private var filled = 0
    private var taken = 0
    private var isBaseShort = false

    private enum State {
        case between
        /// Inside of a value: what may come.
        case value, valueOrEnd, key, keyOrEnd, colon, commaOrEnd, scalar, string, escape
        /// In what is no object.
        case stray
        case broken
    }

    private var state = State.between
    /// The brackets that are open, one bit each: 1 is an object.
    private var open: UInt64 = 0
    private var depth = 0
    /// Whether the string is a key.
    private var isKey = false
    /// Line feeds that were given more than there were; less than none: that are owed.
    private var ahead = 0
    /// The place in the file's line, while there were only spaces; nil behind anything else.
    private var indent: Int? = 0
    private var lineIndent = 0
    /// Of the line on which the value begins.
    private var valueIndent = 0
    /// In a broken value: whether a `}` came, and only a comma and spaces since.
    private var isBehindBrace = false

    public init(_ base: any ByteSource) {
        self.base = base
    }

    /// Reads on, a line for each value, and returns how many bytes it is; 0 at the end.
    public mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(InputError) -> Int {
        var out = 0
        // One byte gives two at most: itself, and a line feed.
        while buffer.count - out >= 2 {
            if taken == filled {
                if out > 0, isBaseShort { break }
                guard try refill(keepsFault: out > 0) else { break }
            }
            out += step(buffer, at: out)
        }
        return out
    }

    private mutating func refill(keepsFault: Bool) throws(InputError) -> Bool {
        var fault: InputError?
        filled = input.withUnsafeMutableBytes { bytes -> Int in
            do throws(InputError) { return try base.read(into: bytes) } catch {
                fault = error
                return 0
            }
        }
        taken = 0
        isBaseShort = filled < input.count
        if let fault, !keepsFault { throw fault }
        return filled > 0
    }

    /// Goes over what there is, as far as there is room.
    private mutating func step(_ buffer: UnsafeMutableRawBufferPointer, at start: Int) -> Int {
        var out = start
        while taken < filled, buffer.count - out >= 2 {
            let byte = input[taken]
            if state == .between {
                // A new value, and lines are owed.
                if ahead < 0, !Self.isBetween(byte) {
                    buffer[out] = 0x0A
                    out += 1
                    ahead += 1
                    continue
                }
                taken += 1
                out += between(byte, buffer, at: out)
            } else {
                taken += 1
                out += inside(byte, buffer, at: out)
            }
            note(byte)
        }
        return out - start
    }

    /// Where in its line the file is.
    @inline(__always)
    private mutating func note(_ byte: UInt8) {
        if byte == 0x0A {
            (indent, lineIndent) = (0, 0)
        } else if let spaces = indent {
            let isSpace = byte == 0x20 || byte == 0x09
            indent = isSpace ? spaces + 1 : nil
            if isSpace { lineIndent = spaces + 1 }
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

    /// What may stand between values, the mark of RFC 7464 and the bytes of a byte order mark with them.
    private static func isBetween(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D, 0x2C, 0x5B, 0x5D, 0x1E, 0xEF, 0xBB, 0xBF: true
        default: false
        }
    }

    private mutating func between(_ byte: UInt8, _ buffer: UnsafeMutableRawBufferPointer, at out: Int) -> Int {
        if byte == 0x0A {
            guard ahead <= 0 else {
                ahead -= 1
                return 0
            }
            buffer[out] = 0x0A
            return 1
        }
        guard !Self.isBetween(byte) else { return 0 }
        buffer[out] = byte
        valueIndent = indent ?? lineIndent
        state = byte == 0x7B ? .keyOrEnd : .stray
        open = 1
        depth = 1
        return 1
    }

    private mutating func inside(_ byte: UInt8, _ buffer: UnsafeMutableRawBufferPointer, at out: Int) -> Int {
        if state == .stray {
            guard byte != 0x2C, byte != 0x0A, byte != 0x5D else {
                if byte == 0x0A { ahead -= 1 }
                return end(buffer, at: out)
            }
            buffer[out] = byte == 0x0D ? 0x20 : byte
            return 1
        }
        if state == .broken, let width = resume(byte, buffer, at: out) { return width }
        buffer[out] = byte == 0x0A || byte == 0x0D ? 0x20 : byte
        if byte == 0x0A { ahead -= 1 }
        if state != .broken {
            advance(byte)
            isBehindBrace = byte == 0x7D
        }
        return depth == 0 ? 1 + end(buffer, at: out + 1) : 1
    }

    /// Ends the line of a value.
    private mutating func end(_ buffer: UnsafeMutableRawBufferPointer, at out: Int) -> Int {
        buffer[out] = 0x0A
        ahead += 1
        state = .between
        return 1
    }

    /// In a broken value: begins the next one, if this byte does.
    private mutating func resume(_ byte: UInt8, _ buffer: UnsafeMutableRawBufferPointer, at out: Int) -> Int? {
        let isNext = byte == 0x7B && (indent == valueIndent || isBehindBrace)
        if byte == 0x7D {
            isBehindBrace = true
        } else if byte != 0x2C, byte != 0x20 {
            isBehindBrace = false
        }
        guard isNext else { return nil }
        isBehindBrace = false
        let width = end(buffer, at: out)
        // The byte is taken again, as the first one of a value.
        taken -= 1
        return width
    }

    private mutating func push(_ isObject: Bool) {
        guard depth < 64 else {
            state = .broken
            return
        }
        open = open << 1 | (isObject ? 1 : 0)
        depth += 1
        state = isObject ? .keyOrEnd : .valueOrEnd
    }

    private mutating func pop(_ isObject: Bool) {
        guard open & 1 == (isObject ? 1 : 0) else {
            state = .broken
            return
        }
        open >>= 1
        depth -= 1
        state = .commaOrEnd
    }

    private mutating func advance(_ byte: UInt8) {
        switch state {
        case .string:
            if byte == 0x22 {
                state = isKey ? .colon : .commaOrEnd
            } else if byte == 0x5C {
                state = .escape
            } else if byte < 0x20 {
                state = .broken
            }
            return
        case .escape:
            state = byte < 0x20 ? .broken : .string
            return
        default:
            if Self.isSpace(byte) {
                state = state == .scalar ? .commaOrEnd : state
                return
            }
        }
        switch (state, byte) {
        case (.key, 0x22), (.keyOrEnd, 0x22): (state, isKey) = (.string, true)
        case (.keyOrEnd, 0x7D), (.commaOrEnd, 0x7D), (.scalar, 0x7D): pop(true)
        case (.valueOrEnd, 0x5D), (.commaOrEnd, 0x5D), (.scalar, 0x5D): pop(false)
        case (.colon, 0x3A): state = .value
        case (.commaOrEnd, 0x2C), (.scalar, 0x2C): state = open & 1 == 1 ? .key : .value
        case (.value, 0x22), (.valueOrEnd, 0x22): (state, isKey) = (.string, false)
        case (.value, 0x7B), (.valueOrEnd, 0x7B): push(true)
        case (.value, 0x5B), (.valueOrEnd, 0x5B): push(false)
        case (.value, _), (.valueOrEnd, _), (.scalar, _):
            let isPart = byte == 0x2B || byte == 0x2D || byte == 0x2E || byte &- 0x30 < 10 || byte | 0x20 &- 0x61 < 26
            state = isPart ? .scalar : .broken
        default: state = .broken
        }
    }
}

extension JSONSequence {
    /// What the first bytes say of a JSON text.
    public enum Shape: Sendable {
        case lines, sequence
        /// More must be seen.
        case open
    }

    /// Whether a text is lines of one value each, or something else: told by its first value and what follows that.
    public static func shape(_ head: [UInt8]) -> Shape {
        head.withUnsafeBufferPointer { head in
            var scanner = JSONScanner(head)
            if head.starts(with: [0xEF, 0xBB, 0xBF]) { scanner.position = 3 }
            scanner.skipSpace()
            guard scanner.position < scanner.end else { return .open }
            let first = scanner.position
            guard head[first] == 0x7B else { return head[first] == 0x5B || head[first] == 0x1E ? .sequence : .lines }
            do throws(JSONFault) { try scanner.skipValue() } catch {
                return isCut(error, head) ? .open : .lines
            }
            if head[first..<scanner.position].contains(0x0A) { return .sequence }
            while scanner.position < scanner.end {
                let byte = head[scanner.position]
                guard byte == 0x20 || byte == 0x09 || byte == 0x0D else {
                    return [0x7B, 0x5B, 0x2C, 0x1E].contains(byte) ? .sequence : .lines
                }
                scanner.position += 1
            }
            return .open
        }
    }

    /// Whether more of the text may make it right.
    private static func isCut(_ fault: JSONFault, _ head: UnsafeBufferPointer<UInt8>) -> Bool {
        switch fault.reason {
        case .unexpectedEnd, .badString: true
        case .badNumber, .badEscape: !head[min(fault.position, head.count)...].contains(0x0A)
        case .unexpectedByte, .tooDeep, .controlCharacter, .trailingBytes: false
        }
    }

    /// What a text is of which no more is to be seen: a value that goes over its line, as far as it is known, or not.
    public static func decidedShape(_ head: [UInt8]) -> Shape {
        guard case .open = shape(head) else { return shape(head) }
        let text = head.drop { isSpace($0) || $0 == 0xEF || $0 == 0xBB || $0 == 0xBF }
        return text.contains(0x0A) ? .sequence : .lines
    }
}
