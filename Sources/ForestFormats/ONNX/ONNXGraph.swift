import Forest
import TensorGraph

/// As much of an ONNX model (`onnx.proto3`) as forests need.
struct ONNXGraph {
    struct Attribute {
        var value = Attributes.Value()
        /// The tensor's numbers.
        var tensor: [Double]?

        var integer: Int64? { value.integer }
        var text: String? { value.text }
        var floats: [Float] { value.floats }
        var integers: [Int64] { value.integers }
        var texts: [String] { value.texts }
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
    var initializers: [(name: String, tensor: Tensor)] = []

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
            case 5: initializers.append(try ONNXTensor.named(try value.message()))
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
            case 2: attribute.value.float = try value.float()
            case 3: attribute.value.integer = try value.integer()
            case 4: attribute.value.text = try value.text()
            case 5:
                let tensor = try ONNXTensor.named(try value.message()).tensor
                attribute.value.tensor = tensor
                attribute.tensor = ONNXTensor.numbers(tensor)
            case 7: try value.floats(into: &attribute.value.floats)
            case 8: try value.integers(into: &attribute.value.integers)
            case 9: attribute.value.texts.append(try value.text())
            default: break
            }
        }
        return (name, attribute)
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
