import Forest
import TensorGraph

/// A TensorProto: values that a file holds.
enum ONNXTensor {
    /// The tensor and its name.
    static func named(_ message: Protobuf) throws(ForestError) -> (name: String, tensor: Tensor) {
        var message = message
        var name = ""
        var type: Int64 = 0
        var shape: [Int64] = []
        var floats: [Float] = []
        var doubles: [Double] = []
        var integers: [Int64] = []
        var texts: [String] = []
        var raw: UnsafeRawBufferPointer?
        while let (field, value) = try message.next() {
            switch field {
            case 1: try value.integers(into: &shape)
            case 2: type = try value.integer()
            case 4: try value.floats(into: &floats)
            case 5, 7, 11: try value.integers(into: &integers)
            case 6: texts.append(try value.text())
            case 8: name = try value.text()
            case 9: raw = try value.raw()
            case 10: try value.doubles(into: &doubles)
            case 13, 14:
                throw .unsupported(words: "a tensor is kept in another file: save the model as a single one")
            default: break
            }
        }
        let values: Tensor.Values
        if let raw {
            values = try self.values(raw, type)
        } else {
            switch type {
            case 1: values = .float(floats)
            case 11: values = .double(doubles)
            case 8: values = .text(texts)
            case 9: values = .bool(integers.map { $0 != 0 })
            case 2...7, 12, 13: values = .integer(integers)
            default: throw .unsupported(words: "a tensor of data type \(type)")
            }
        }
        do throws(GraphFault) {
            return (name, try Tensor(shape: shape.map { Int(clamping: $0) }, values))
        } catch {
            throw .invalid(part: "tensor", words: error.description)
        }
    }

    /// The numbers of a tensor, whatever their type; nil of texts.
    static func numbers(_ tensor: Tensor) -> [Double]? {
        switch tensor.values {
        case .float(let values): values.map { Double($0) }
        case .double(let values): values
        case .integer(let values): values.map { Double($0) }
        case .bool(let values): values.map { $0 ? 1 : 0 }
        case .text: nil
        }
    }

    private static func values(_ raw: UnsafeRawBufferPointer, _ type: Int64) throws(ForestError) -> Tensor.Values {
        func load<Raw: BitwiseCopyable, Value>(
            _: Raw.Type,
            _ value: (Raw) -> Value
        ) throws(ForestError) -> [Value] {
            let size = MemoryLayout<Raw>.size
            guard raw.count % size == 0 else { throw .invalid(part: "tensor", words: "its bytes are cut off") }
            return (0..<raw.count / size).map { value(raw.loadUnaligned(fromByteOffset: $0 * size, as: Raw.self)) }
        }
        switch type {
        case 1: return .float(try load(UInt32.self) { Float(bitPattern: UInt32(littleEndian: $0)) })
        case 2: return .integer(try load(UInt8.self) { Int64($0) })
        case 3: return .integer(try load(Int8.self) { Int64($0) })
        case 4: return .integer(try load(UInt16.self) { Int64(UInt16(littleEndian: $0)) })
        case 5: return .integer(try load(Int16.self) { Int64(Int16(littleEndian: $0)) })
        case 6: return .integer(try load(Int32.self) { Int64(Int32(littleEndian: $0)) })
        case 7: return .integer(try load(Int64.self) { Int64(littleEndian: $0) })
        case 9: return .bool(try load(UInt8.self) { $0 != 0 })
        case 11: return .double(try load(UInt64.self) { Double(bitPattern: UInt64(littleEndian: $0)) })
        case 12: return .integer(try load(UInt32.self) { Int64(UInt32(littleEndian: $0)) })
        case 13: return .integer(try load(UInt64.self) { Int64(bitPattern: UInt64(littleEndian: $0)) })
        default: throw .unsupported(words: "a tensor of data type \(type)")
        }
    }
}
