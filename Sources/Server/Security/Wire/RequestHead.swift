/// A request's first line and header fields, taken strictly: whatever two programs might read in two ways is refused.
public struct RequestHead: Sendable, Equatable {
    /// Bytes of the first line and all fields.
    public static let bytesMax = 16 << 10
    public static let fieldsMax = 100
    /// Bytes of the target.
    public static let targetMax = 8 << 10

    /// How the body's end is found.
    public enum Framing: Sendable, Equatable {
        case length(Int)
        case chunked
    }

    public internal(set) var method = ""
    public internal(set) var target = ""
    public internal(set) var framing = Framing.length(0)
    /// The client waits for a word before it sends the body.
    public internal(set) var expectsContinue = false
    /// The client wants the connection closed behind the answer.
    public internal(set) var wantsClose = false
    /// The bytes to pass on: what was received, less the offers to change the protocol.
    public internal(set) var bytes: [UInt8] = []

    /// The target without its query.
    public var path: String { String(target.prefix { $0 != "?" }) }

    public var hasBody: Bool { framing != .length(0) }
}

/// Collects a head from the bytes of a connection, and refuses it as early as it can.
public struct RequestHeadReader: Sendable {
    private var bytes: [UInt8] = []
    private var lines: [Range<Int>] = []
    private var lineStart = 0
    private var head = RequestHead()

    public init() {}

    /// Nothing has been received yet.
    public var isEmpty: Bool { bytes.isEmpty }

    /// Takes bytes up to the end of the head.
    ///
    /// - Returns: the head if it is whole, and how many bytes were taken.
    /// - Throws: what is wrong with it.
    public mutating func take(_ input: UnsafeRawBufferPointer) throws(Refusal) -> (head: RequestHead?, count: Int) {
        for (index, byte) in input.enumerated() {
            let isAfterReturn = bytes.last == 0x0D
            bytes.append(byte)
            if byte == 0x0A {
                guard isAfterReturn else { throw .malformed("a line ends without a carriage return") }
                let line = lineStart..<bytes.count - 2
                lineStart = bytes.count
                if try endLine(line) {
                    let result = head
                    self = RequestHeadReader()
                    return (result, index + 1)
                }
            } else if isAfterReturn {
                throw .malformed("a carriage return stands alone")
            } else if byte < 0x20 && byte != 0x09 && byte != 0x0D || byte == 0x7F {
                throw .malformed("a control character stands in the head")
            }
            if bytes.count > RequestHead.bytesMax { throw .tooManyFields }
            if lines.isEmpty, bytes.count > RequestHead.targetMax + 64 { throw .targetTooLong }
        }
        return (nil, input.count)
    }

    /// A line is whole; whether it was the last.
    private mutating func endLine(_ line: Range<Int>) throws(Refusal) -> Bool {
        if lines.isEmpty {
            try readFirstLine(bytes[line])
        } else if line.isEmpty {
            try readFields()
            return true
        }
        lines.append(line)
        if lines.count > RequestHead.fieldsMax + 1 { throw .tooManyFields }
        return false
    }

    // MARK: - First line

    private mutating func readFirstLine(_ line: ArraySlice<UInt8>) throws(Refusal) {
        let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .malformed("the first line is not: method, target, version") }
        guard parts[2].elementsEqual("HTTP/1.1".utf8) else {
            guard parts[2].starts(with: "HTTP/".utf8) else { throw .malformed("the first line names no version") }
            throw Refusal(505, "HTTP Version Not Supported", "only HTTP/1.1 is spoken")
        }
        head.method = String(decoding: parts[0], as: UTF8.self)
        guard Self.methods.contains(head.method) else {
            guard !parts[0].isEmpty, parts[0].allSatisfy(Self.isToken) else {
                throw .malformed("the method is no word")
            }
            throw Refusal(501, "Not Implemented", "the method is not known")
        }
        try checkTarget(parts[1])
        head.target = String(decoding: parts[1], as: UTF8.self)
    }

    private static let methods: Set = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]

    private func checkTarget(_ target: ArraySlice<UInt8>) throws(Refusal) {
        guard target.count <= RequestHead.targetMax else { throw .targetTooLong }
        // Absolute form, authority form and * are for proxies; // would begin a host's name elsewhere.
        guard target.first == UInt8(ascii: "/"), target.dropFirst().first != UInt8(ascii: "/") else {
            throw .malformed("the target is not a path")
        }
        var index = target.startIndex
        while index < target.endIndex {
            switch target[index] {
            case UInt8(ascii: "%"):
                guard index + 2 < target.endIndex, Self.isHex(target[index + 1]), Self.isHex(target[index + 2]) else {
                    throw .malformed("a percent sign in the target is not followed by two digits")
                }
            case 0x21...0x7E where target[index] != UInt8(ascii: "#") && target[index] != UInt8(ascii: "\\"):
                break
            default:
                throw .malformed("a character in the target must be percent-encoded")
            }
            index += 1
        }
    }

    // MARK: - Fields

    private mutating func readFields() throws(Refusal) {
        var hosts = 0
        var lengths: [ArraySlice<UInt8>] = []
        var codings: [ArraySlice<UInt8>] = []
        var kept = lines[0].lowerBound..<lines[0].upperBound + 2
        head.bytes.append(contentsOf: bytes[kept])
        for line in lines.dropFirst() {
            let (name, value) = try Self.field(bytes[line])
            kept = line.lowerBound..<line.upperBound + 2
            switch String(decoding: name, as: UTF8.self).lowercased() {
            case "host": hosts += 1
            case "content-length": lengths.append(value)
            case "transfer-encoding": codings.append(value)
            case "connection":
                // What else it lists is for the next hop, and there is none.
                let options = value.split(separator: UInt8(ascii: ",")).map(Self.trimmed)
                if options.contains(where: { Self.isEqual($0, "close") }) { head.wantsClose = true }
                continue
            case "expect":
                guard Self.isEqual(value, "100-continue") else {
                    throw Refusal(417, "Expectation Failed", "only 100-continue can be expected")
                }
                head.expectsContinue = true
                continue
            // Offers of another protocol are not taken up, and not passed on either.
            case "upgrade", "http2-settings", "keep-alive", "proxy-connection", "te": continue
            default: break
            }
            head.bytes.append(contentsOf: bytes[kept])
        }
        guard hosts == 1 else { throw .malformed("there must be one Host field, there are \(hosts)") }
        try readFraming(lengths, codings)
        if head.wantsClose { head.bytes.append(contentsOf: "Connection: close\r\n".utf8) }
        head.bytes.append(contentsOf: "\r\n".utf8)
    }

    private mutating func readFraming(
        _ lengths: [ArraySlice<UInt8>],
        _ codings: [ArraySlice<UInt8>]
    ) throws(Refusal) {
        guard lengths.count + codings.count <= 1 else {
            throw .malformed("the body's length is given more than once")
        }
        if let coding = codings.first {
            guard Self.isEqual(coding, "chunked") else { throw .malformed("the only transfer coding is chunked") }
            head.framing = .chunked
        } else if let length = lengths.first {
            guard !length.isEmpty, length.count <= 18, length.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
                throw .malformed("the Content-Length is no number")
            }
            head.framing = .length(length.reduce(0) { $0 * 10 + Int($1 - 0x30) })
        }
        if head.hasBody, ["GET", "HEAD", "OPTIONS", "TRACE"].contains(head.method) {
            throw .malformed("\(head.method) has no body")
        }
    }

    private static func field(
        _ line: ArraySlice<UInt8>
    ) throws(Refusal) -> (name: ArraySlice<UInt8>, value: ArraySlice<UInt8>) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
            throw .malformed("a header field has no colon")
        }
        let name = line[..<colon]
        // Not so for a folded line, which begins with a space, nor for a space before the colon.
        guard !name.isEmpty, name.allSatisfy(isToken) else { throw .malformed("a header field's name is no word") }
        return (name, trimmed(line[(colon + 1)...]))
    }

    // MARK: - Characters

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var bytes = bytes
        while let first = bytes.first, first == 0x20 || first == 0x09 { bytes.removeFirst() }
        while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
        return bytes
    }

    private static func isEqual(_ bytes: ArraySlice<UInt8>, _ lowercased: String) -> Bool {
        bytes.count == lowercased.utf8.count
            && zip(bytes, lowercased.utf8).allSatisfy { byte, wanted in
                byte == wanted || (0x41...0x5A).contains(byte) && byte | 0x20 == wanted
            }
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
        default: false
        }
    }

    /// RFC 9110 5.6.2.
    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
