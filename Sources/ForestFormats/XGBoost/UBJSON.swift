import Bytes
import Forest

/// Universal Binary JSON (draft 12, ubjson.org), as XGBoost writes it: big-endian, counted and typed containers.
///
/// Counts are checked against the bytes that are left before anything is allocated; memory is proportional to the file.
struct UBJSON {
    private var reader: ByteReader
    private static let depthLimit = JSONScanner.depthLimit

    private init(_ bytes: UnsafeRawBufferPointer) { reader = ByteReader(bytes) }

    /// Reads a whole document.
    ///
    /// - Parameter bytes: Nothing may follow the value.
    /// - Returns: The value; typed arrays become lists of numbers.
    /// - Throws: ``ForestError/syntax(position:words:)``
    static func parse(_ bytes: [UInt8]) throws(ForestError) -> JSONValue {
        var result: Result<JSONValue, ForestError> = .success(.null)
        bytes.withUnsafeBytes { bytes in
            var parser = UBJSON(bytes)
            do throws(ForestError) {
                let value = try parser.value(try parser.marker(), depth: 0)
                guard parser.reader.remaining == 0 else { throw parser.refuse("something follows the document") }
                result = .success(value)
            } catch {
                result = .failure(error)
            }
        }
        return try result.get()
    }

    private func refuse(_ words: String) -> ForestError {
        .syntax(position: reader.position, words: "broken UBJSON: \(words)")
    }

    private mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) throws(ForestError) -> T {
        do throws(ByteError) { return try reader.readBigEndian(T.self) } catch {
            throw refuse("it ends in the middle")
        }
    }

    private func peek() throws(ForestError) -> UInt8 {
        guard reader.remaining > 0 else { throw refuse("it ends in the middle") }
        return reader.bytes[reader.position]
    }

    /// The next byte that is not a no-op.
    private mutating func marker() throws(ForestError) -> UInt8 {
        while true {
            let byte = try integer(UInt8.self)
            if byte != 0x4E { return byte }
        }
    }

    /// Bytes of a number; nil for other markers.
    private static func size(of marker: UInt8) -> Int? {
        switch marker {
        case 0x69, 0x55: 1
        case 0x49: 2
        case 0x6C, 0x64: 4
        case 0x4C, 0x44: 8
        default: nil
        }
    }

    private mutating func number(_ marker: UInt8) throws(ForestError) -> Double {
        switch marker {
        case 0x69: Double(try integer(Int8.self))
        case 0x55: Double(try integer(UInt8.self))
        case 0x49: Double(try integer(Int16.self))
        case 0x6C: Double(try integer(Int32.self))
        case 0x4C: Double(try integer(Int64.self))
        case 0x64: Double(Float(bitPattern: try integer(UInt32.self)))
        case 0x44: Double(bitPattern: try integer(UInt64.self))
        default: throw refuse("a number is missing")
        }
    }

    /// A length or count: no more than the bytes that are left.
    private mutating func count() throws(ForestError) -> Int {
        let marker = try marker()
        let value: Int64
        switch marker {
        case 0x69: value = Int64(try integer(Int8.self))
        case 0x55: value = Int64(try integer(UInt8.self))
        case 0x49: value = Int64(try integer(Int16.self))
        case 0x6C: value = Int64(try integer(Int32.self))
        case 0x4C: value = try integer(Int64.self)
        default: throw refuse("a length is missing")
        }
        guard value >= 0, value <= reader.remaining else { throw refuse("a length is more than the file") }
        return Int(value)
    }

    private mutating func text() throws(ForestError) -> String {
        let length = try count()
        do throws(ByteError) { return String(decoding: try reader.read(count: length), as: UTF8.self) } catch {
            throw refuse("it ends in the middle")
        }
    }

    private mutating func value(_ marker: UInt8, depth: Int) throws(ForestError) -> JSONValue {
        guard depth < Self.depthLimit else { throw refuse("it is nested deeper than \(Self.depthLimit)") }
        switch marker {
        case 0x5A: return .null
        case 0x54: return .bool(true)
        case 0x46: return .bool(false)
        case 0x53: return .text(try text())
        case 0x43: return .text(String(decoding: [try integer(UInt8.self)], as: UTF8.self))
        case 0x5B: return try array(depth: depth)
        case 0x7B: return try object(depth: depth)
        default: return .number(try number(marker))
        }
    }

    /// `$type` and `#count` of a container, both optional.
    private mutating func frame() throws(ForestError) -> (type: UInt8?, count: Int?) {
        var type: UInt8?
        if try peek() == 0x24 {
            _ = try integer(UInt8.self)
            type = try integer(UInt8.self)
            guard try peek() == 0x23 else { throw refuse("a typed container has no count") }
        }
        guard try peek() == 0x23 else { return (nil, nil) }
        _ = try integer(UInt8.self)
        return (type, try count())
    }

    private mutating func array(depth: Int) throws(ForestError) -> JSONValue {
        let (type, count) = try frame()
        if let type, let count {
            guard let size = Self.size(of: type) else { throw refuse("an array is of a type that has no numbers") }
            guard count <= reader.remaining / size else { throw refuse("a count is more than the file") }
            var numbers: [Double] = []
            numbers.reserveCapacity(count)
            for _ in 0..<count { numbers.append(try number(type)) }
            return .numbers(numbers)
        }
        var values: [JSONValue] = []
        if let count {
            // Every element takes a byte at least, so this ends with the file.
            for _ in 0..<count { values.append(try value(try marker(), depth: depth + 1)) }
        } else {
            while true {
                let next = try marker()
                if next == 0x5D { break }
                values.append(try value(next, depth: depth + 1))
            }
        }
        let numbers = values.compactMap(\.number)
        return !values.isEmpty && numbers.count == values.count ? .numbers(numbers) : .list(values)
    }

    private mutating func object(depth: Int) throws(ForestError) -> JSONValue {
        let (type, count) = try frame()
        var members: [JSONValue.Member] = []
        var left = count
        while left != 0 {
            if left == nil {
                while try peek() == 0x4E { _ = try integer(UInt8.self) }
                if try peek() == 0x7D {
                    _ = try integer(UInt8.self)
                    break
                }
            }
            let key = try text()
            let next = if let type { type } else { try marker() }
            members.append(JSONValue.Member(key, try value(next, depth: depth + 1)))
            left = left.map { $0 - 1 }
        }
        return .object(members)
    }
}
