import Forest

/// As much of an ONNX model (`onnx.proto3`) as forests need.
struct ONNXGraph {
    struct Attribute {
        var integer: Int64?
        var text: String?
        var floats: [Float] = []
        var integers: [Int64] = []
        var texts: [String] = []
        var tensor: [Double]?
    }

    struct Node {
        var operation = ""
        var inputs: [String] = []
        var outputs: [String] = []
        var attributes: [String: Attribute] = [:]
    }

    struct Input {
        var name = ""
        /// As in TensorProto: 1 is of 32 bits, 11 of 64.
        var type: Int64 = 0
        /// -1 where the size is open.
        var sizes: [Int64] = []
    }

    var nodes: [Node] = []
    var inputs: [Input] = []
    var outputs: [String] = []

    init(_ model: Protobuf) throws(ForestError) {
        var model = model
        var hasGraph = false
        while let (field, value) = try model.next() {
            guard field == 7 else { continue }
            guard !hasGraph else { throw .invalid(part: "graph", words: "there are two") }
            hasGraph = true
            try read(try value.message())
        }
        guard hasGraph else { throw .invalid(part: "graph", words: "it is missing: this is no ONNX model") }
    }

    private mutating func read(_ graph: Protobuf) throws(ForestError) {
        var graph = graph
        while let (field, value) = try graph.next() {
            switch field {
            case 1: nodes.append(try Self.node(try value.message()))
            case 11: inputs.append(try Self.input(try value.message()))
            case 12: outputs.append(try Self.input(try value.message()).name)
            default: break
            }
        }
    }

    private static func node(_ message: Protobuf) throws(ForestError) -> Node {
        var message = message
        var node = Node()
        while let (field, value) = try message.next() {
            switch field {
            case 1: node.inputs.append(try value.text())
            case 2: node.outputs.append(try value.text())
            case 4: node.operation = try value.text()
            case 5:
                let (name, attribute) = try attribute(try value.message())
                guard node.attributes[name] == nil else {
                    throw .invalid(part: node.operation, words: "attribute \(name) is given twice")
                }
                node.attributes[name] = attribute
            default: break
            }
        }
        return node
    }

    private static func attribute(_ message: Protobuf) throws(ForestError) -> (String, Attribute) {
        var message = message
        var name = ""
        var attribute = Attribute()
        while let (field, value) = try message.next() {
            switch field {
            case 1: name = try value.text()
            case 3: attribute.integer = try value.integer()
            case 4: attribute.text = try value.text()
            case 5: attribute.tensor = try tensor(try value.message())
            case 7: try value.floats(into: &attribute.floats)
            case 8: try value.integers(into: &attribute.integers)
            case 9: attribute.texts.append(try value.text())
            default: break
            }
        }
        return (name, attribute)
    }

    /// The tensor's numbers, whatever their type.
    private static func tensor(_ message: Protobuf) throws(ForestError) -> [Double] {
        var message = message
        var type: Int64 = 0
        var count: Int64 = 1
        var floats: [Float] = []
        var doubles: [Double] = []
        var integers: [Int64] = []
        var raw: UnsafeRawBufferPointer?
        while let (field, value) = try message.next() {
            switch field {
            case 1:
                var sizes: [Int64] = []
                try value.integers(into: &sizes)
                for size in sizes {
                    let (product, overflows) = count.multipliedReportingOverflow(by: size)
                    guard size >= 0, !overflows else { throw .invalid(part: "tensor", words: "its size is impossible") }
                    count = product
                }
            case 2: type = try value.integer()
            case 4: try value.floats(into: &floats)
            case 5, 7: try value.integers(into: &integers)
            case 9: raw = try value.raw()
            case 10: try value.doubles(into: &doubles)
            case 13, 14:
                throw .unsupported(words: "a tensor is kept in another file: save the model as a single one")
            default: break
            }
        }
        let numbers: [Double]
        if let raw {
            numbers = try self.numbers(raw, type)
        } else {
            switch type {
            case 1: numbers = floats.map { Double($0) }
            case 11: numbers = doubles
            default: numbers = integers.map { Double($0) }
            }
        }
        guard numbers.count == count else {
            throw .invalid(part: "tensor", words: "it has not as many values as it says")
        }
        return numbers
    }

    private static func numbers(_ raw: UnsafeRawBufferPointer, _ type: Int64) throws(ForestError) -> [Double] {
        func load<T: BitwiseCopyable>(_: T.Type, _ number: (T) -> Double) throws(ForestError) -> [Double] {
            let size = MemoryLayout<T>.size
            guard raw.count % size == 0 else { throw .invalid(part: "tensor", words: "its bytes are cut off") }
            return (0..<raw.count / size).map { number(raw.loadUnaligned(fromByteOffset: $0 * size, as: T.self)) }
        }
        switch type {
        case 1: return try load(UInt32.self) { Double(Float(bitPattern: UInt32(littleEndian: $0))) }
        case 2: return try load(UInt8.self) { Double($0) }
        case 3: return try load(Int8.self) { Double($0) }
        case 6: return try load(Int32.self) { Double(Int32(littleEndian: $0)) }
        case 7: return try load(Int64.self) { Double(Int64(littleEndian: $0)) }
        case 11: return try load(UInt64.self) { Double(bitPattern: UInt64(littleEndian: $0)) }
        default: throw .unsupported(words: "a tensor of data type \(type)")
        }
    }

    private static func input(_ message: Protobuf) throws(ForestError) -> Input {
        var message = message
        var input = Input()
        while let (field, value) = try message.next() {
            switch field {
            case 1: input.name = try value.text()
            case 2:
                // type.tensor_type.elem_type and .shape.dim.dim_value
                guard let tensor = try Self.member(1, of: try value.message()) else { continue }
                var members = Protobuf(tensor)
                while let (field, value) = try members.next() {
                    if field == 1 { input.type = try value.integer() }
                }
                guard let shape = try Self.member(2, of: Protobuf(tensor))
                else { continue }
                var sizes = Protobuf(shape)
                while let (field, value) = try sizes.next() {
                    guard field == 1 else { continue }
                    var size = try value.message()
                    input.sizes.append(-1)
                    while let (field, value) = try size.next() {
                        if field == 1 { input.sizes[input.sizes.count - 1] = try value.integer() }
                    }
                }
            default: break
            }
        }
        return input
    }

    private static func member(_ number: UInt64, of message: Protobuf) throws(ForestError) -> UnsafeRawBufferPointer? {
        var message = message
        while let (field, value) = try message.next() {
            if field == number { return try value.raw() }
        }
        return nil
    }
}
