import Bytes
import Forest

/// A cursor over one message of Protocol Buffers' wire format (https://protobuf.dev/programming-guides/encoding/).
///
/// Lengths are checked against the bytes that are left, nothing is copied, and groups (long deprecated) are refused.
struct Protobuf {
    enum Value {
        case varint(UInt64)
        case fixed32(UInt32)
        case fixed64(UInt64)
        case bytes(UnsafeRawBufferPointer)
    }

    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    private func refuse(_ words: String) -> ForestError {
        .syntax(position: position, words: "broken protobuf: \(words)")
    }

    /// The next field's number and value; nil at the end.
    mutating func next() throws(ForestError) -> (field: UInt64, value: Value)? {
        guard position < bytes.count else { return nil }
        let tag = try varint()
        guard tag >> 3 != 0 else { throw refuse("field 0 does not exist") }
        switch tag & 7 {
        case 0: return (tag >> 3, .varint(try varint()))
        case 1: return (tag >> 3, .fixed64(try little(UInt64.self)))
        case 2:
            let length = try varint()
            guard length <= bytes.count - position else { throw refuse("a length is more than the file") }
            let start = position
            position += Int(length)
            return (tag >> 3, .bytes(UnsafeRawBufferPointer(rebasing: bytes[start..<position])))
        case 5: return (tag >> 3, .fixed32(try little(UInt32.self)))
        default: throw refuse("wire type \(tag & 7) is not known")
        }
    }

    mutating func varint() throws(ForestError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard position < bytes.count else { throw refuse("it ends in the middle") }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw refuse("a number of more than ten bytes")
    }

    private mutating func little<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) throws(ForestError) -> T {
        let size = MemoryLayout<T>.size
        guard bytes.count - position >= size else { throw refuse("it ends in the middle") }
        let value = T(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: T.self))
        position += size
        return value
    }
}

extension Protobuf.Value {
    private static let mismatch = ForestError.syntax(position: 0, words: "broken protobuf: a field is of another type")

    func message() throws(ForestError) -> Protobuf { Protobuf(try raw()) }

    func raw() throws(ForestError) -> UnsafeRawBufferPointer {
        guard case .bytes(let bytes) = self else { throw Self.mismatch }
        return bytes
    }

    func text() throws(ForestError) -> String { String(decoding: try raw(), as: UTF8.self) }

    func integer() throws(ForestError) -> Int64 {
        guard case .varint(let value) = self else { throw Self.mismatch }
        return Int64(bitPattern: value)
    }

    func float() throws(ForestError) -> Float {
        guard case .fixed32(let bits) = self else { throw Self.mismatch }
        return Float(bitPattern: bits)
    }

    /// Appends one number, or a packed list of them.
    func integers(into list: inout [Int64]) throws(ForestError) {
        guard case .bytes(let bytes) = self else {
            list.append(try integer())
            return
        }
        var reader = Protobuf(bytes)
        while reader.remaining > 0 { list.append(Int64(bitPattern: try reader.varint())) }
    }

    func floats(into list: inout [Float]) throws(ForestError) {
        switch self {
        case .fixed32(let bits): list.append(Float(bitPattern: bits))
        case .bytes(let bytes):
            guard bytes.count % 4 == 0 else { throw Self.mismatch }
            for offset in stride(from: 0, to: bytes.count, by: 4) {
                let bits = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
                list.append(Float(bitPattern: bits))
            }
        default: throw Self.mismatch
        }
    }

    func doubles(into list: inout [Double]) throws(ForestError) {
        switch self {
        case .fixed64(let bits): list.append(Double(bitPattern: bits))
        case .bytes(let bytes):
            guard bytes.count % 8 == 0 else { throw Self.mismatch }
            for offset in stride(from: 0, to: bytes.count, by: 8) {
                let bits = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                list.append(Double(bitPattern: bits))
            }
        default: throw Self.mismatch
        }
    }
}

extension Protobuf {
    var remaining: Int { bytes.count - position }
}
