/// A JSON value, for files that are read once: model files, metadata. Objects keep their order.
public indirect enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(Double)
    /// A number that must be read again to the last bit, whatever reads it; reading makes ``number(_:)`` of it. The
    /// other one is spelled as a `Float` if it is exactly one, which is shorter and another `Double`.
    case exact(Double)
    case text(String)
    case list([JSONValue])
    /// A list of numbers only, without a box for each. One that is exactly a `Float` is spelled as one.
    case numbers([Double])
    /// A list of numbers that must be read again to the last bit, all spelled with a point or exponent; reading makes
    /// ``numbers(_:)`` of it.
    case exactNumbers([Double])
    case object([Member])

    public struct Member: Sendable, Equatable {
        public var key: String
        public var value: JSONValue

        public init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// The member of that name, or nil.
    public subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    public var text: String? { if case .text(let text) = self { text } else { nil } }

    public var number: Double? {
        switch self {
        case .number(let number), .exact(let number): number
        default: nil
        }
    }

    /// The elements of a list of numbers, the empty list included.
    public var numberList: [Double]? {
        switch self {
        case .numbers(let numbers), .exactNumbers(let numbers): numbers
        case .list(let values): values.isEmpty ? [] : nil
        default: nil
        }
    }

    public var textList: [String]? {
        guard case .list(let values) = self else { return nil }
        let texts = values.compactMap(\.text)
        return texts.count == values.count ? texts : nil
    }

    /// Reads a whole document; nesting is bounded, memory is proportional to the bytes.
    public static func parse(_ bytes: [UInt8]) throws(JSONFault) -> JSONValue {
        var result: Result<JSONValue, JSONFault> = .success(.null)
        bytes.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer)
            do throws(JSONFault) {
                let value = try parse(&scanner, depth: 0)
                scanner.skipSpace()
                guard scanner.position == scanner.end else { throw JSONFault(.trailingBytes, at: scanner.position) }
                result = .success(value)
            } catch {
                result = .failure(error)
            }
        }
        return try result.get()
    }

    private static func parse(_ scanner: inout JSONScanner, depth: Int) throws(JSONFault) -> JSONValue {
        guard depth < JSONScanner.depthLimit else { throw JSONFault(.tooDeep, at: scanner.position) }
        let byte = try scanner.peek()
        switch byte {
        case 0x22: return .text(try string(&scanner))
        case 0x74, 0x66, 0x6E:
            try scanner.literal(byte)
            return byte == 0x6E ? .null : .bool(byte == 0x74)
        case 0x7B: return try object(&scanner, depth: depth)
        case 0x5B: return try list(&scanner, depth: depth)
        default:
            let start = scanner.position
            let value = try scanner.number()
            guard value.isFinite else { throw JSONFault(.badNumber, at: start) }
            return .number(value)
        }
    }

    private static func string(_ scanner: inout JSONScanner) throws(JSONFault) -> String {
        let content = try scanner.string()
        if content.hasEscapes {
            return String(decoding: scanner.unescaped(from: content.start, to: content.end), as: UTF8.self)
        }
        let bytes = UnsafeBufferPointer(start: scanner.bytes + content.start, count: content.end - content.start)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func object(_ scanner: inout JSONScanner, depth: Int) throws(JSONFault) -> JSONValue {
        var members: [Member] = []
        scanner.position += 1
        if try scanner.peek() == 0x7D {
            scanner.position += 1
            return .object(members)
        }
        while true {
            _ = try scanner.peek()
            let key = try string(&scanner)
            try scanner.take(0x3A)
            members.append(Member(key, try parse(&scanner, depth: depth + 1)))
            guard try scanner.peek() == 0x2C else {
                try scanner.take(0x7D)
                return .object(members)
            }
            scanner.position += 1
        }
    }

    private static func list(_ scanner: inout JSONScanner, depth: Int) throws(JSONFault) -> JSONValue {
        var numbers: [Double] = []
        var values: [JSONValue] = []
        scanner.position += 1
        if try scanner.peek() == 0x5D {
            scanner.position += 1
            return .list([])
        }
        while true {
            let value = try parse(&scanner, depth: depth + 1)
            if case .number(let number) = value, values.isEmpty {
                numbers.append(number)
            } else {
                if values.isEmpty { values = numbers.map { .number($0) } }
                values.append(value)
            }
            guard try scanner.peek() == 0x2C else {
                try scanner.take(0x5D)
                return values.isEmpty ? .numbers(numbers) : .list(values)
            }
            scanner.position += 1
        }
    }

    /// Appends the value as JSON: one line, the same bytes for the same value. Numbers must be finite.
    public func write(into out: inout [UInt8]) {
        switch self {
        case .null: out.append(contentsOf: "null".utf8)
        case .bool(let value): out.append(contentsOf: (value ? "true" : "false").utf8)
        case .number(let number): Self.write(number, into: &out)
        case .exact(let number):
            let isWhole = number.rounded() == number && number.magnitude < 1e15
            Self.write(number, isExact: !isWhole, into: &out)
        case .text(let text): Self.write(text, into: &out)
        case .list(let values):
            out.append(0x5B)
            for (index, value) in values.enumerated() {
                if index > 0 { out.append(0x2C) }
                value.write(into: &out)
            }
            out.append(0x5D)
        case .numbers(let numbers): Self.write(numbers, isExact: false, into: &out)
        case .exactNumbers(let numbers): Self.write(numbers, isExact: true, into: &out)
        case .object(let members):
            out.append(0x7B)
            for (index, member) in members.enumerated() {
                if index > 0 { out.append(0x2C) }
                Self.write(member.key, into: &out)
                out.append(0x3A)
                member.value.write(into: &out)
            }
            out.append(0x7D)
        }
    }

    private static func write(_ numbers: [Double], isExact: Bool, into out: inout [UInt8]) {
        out.append(0x5B)
        for (index, number) in numbers.enumerated() {
            if index > 0 { out.append(0x2C) }
            write(number, isExact: isExact, into: &out)
        }
        out.append(0x5D)
    }

    private static func write(_ number: Double, isExact: Bool = false, into out: inout [UInt8]) {
        precondition(number.isFinite, "JSON has no NaN and no infinity.")
        if isExact {
            out.append(contentsOf: number.description.utf8)
        } else if number.rounded() == number, number.magnitude < 1e15 {
            out.append(contentsOf: String(Int64(number)).utf8)
        } else {
            // A value that came from a Float is spelled as one: half the digits, and the same Float again.
            let single = Float(number)
            out.append(contentsOf: (Double(single) == number ? single.description : number.description).utf8)
        }
    }

    private static func write(_ text: String, into out: inout [UInt8]) {
        out.append(0x22)
        for byte in text.utf8 {
            switch byte {
            case 0x22, 0x5C:
                out.append(0x5C)
                out.append(byte)
            case 0..<0x20:
                let digits = Array("0123456789abcdef".utf8)
                out.append(contentsOf: "\\u00".utf8)
                out.append(digits[Int(byte >> 4)])
                out.append(digits[Int(byte & 15)])
            default: out.append(byte)
            }
        }
        out.append(0x22)
    }
}
