import CKernels

/// Operators that make a number of one or two numbers at the same place.
///
/// Numbers of 32 bits are added, multiplied and divided in 32 bits, as ONNX Runtime does it; exponentials, logarithms
/// and powers are the ones that give the same bits on every machine.
enum Elementwise {
    private static let sum = Arithmetic {
        $0 + $1
    } double: {
        $0 + $1
    } integer: {
        $0 &+ $1
    }

    static let makers: [String: OperatorTable.Maker] = [
        "Identity": { _ in
            { inputs, _ throws(GraphFault) in [try inputs.needed(0)] }
        },
        "Add": folded(sum),
        "Sub": folded(
            Arithmetic {
                $0 - $1
            } double: {
                $0 - $1
            } integer: {
                $0 &- $1
            }
        ),
        "Mul": folded(
            Arithmetic {
                $0 * $1
            } double: {
                $0 * $1
            } integer: {
                $0 &* $1
            }
        ),
        "Div": folded(
            Arithmetic {
                $0 / $1
            } double: {
                $0 / $1
            } integer: { left, right in
                right == 0 || right == -1 ? 0 &- (right == 0 ? 0 : left) : left / right
            }
        ),
        "Sum": folded(sum),
        "Max": folded(
            Arithmetic {
                $0.isNaN || $1 < $0 ? $0 : $1
            } double: {
                $0.isNaN || $1 < $0 ? $0 : $1
            } integer: {
                max($0, $1)
            }
        ),
        "Min": folded(
            Arithmetic {
                $0.isNaN || $1 > $0 ? $0 : $1
            } double: {
                $0.isNaN || $1 > $0 ? $0 : $1
            } integer: {
                min($0, $1)
            }
        ),
        "Pow": folded(
            Arithmetic {
                Float(power(Double($0), Double($1)))
            } double: {
                power($0, $1)
            } integer: { left, right in
                Int64(exactly: power(Double(left), Double(right))) ?? 0
            }
        ),
        "Neg": mapped { -$0 },
        "Abs": mapped { $0.magnitude },
        "Sqrt": mapped { $0.squareRoot() },
        "Floor": mapped { $0.rounded(.down) },
        "Ceil": mapped { $0.rounded(.up) },
        "Round": mapped { $0.rounded(.toNearestOrEven) },
        "Sign": mapped { $0 > 0 ? 1 : $0 < 0 ? -1 : $0 },
        "Reciprocal": mapped { 1 / $0 },
        "Relu": mapped { $0 < 0 ? 0 : $0 },
        "Exp": mapped { pa_exp($0) },
        "Log": mapped { logarithm($0) },
        "Sigmoid": mapped { 1 / (1 + pa_exp(-$0)) },
        "Tanh": mapped { 1 - 2 / (pa_exp(2 * $0) + 1) },
        "Softplus": mapped { $0 > 40 ? $0 : logarithm(1 + pa_exp($0)) },
        "Clip": { attributes throws(GraphFault) in
            let low = attributes.float("min")
            let high = attributes.float("max")
            return { inputs, _ throws(GraphFault) in
                let tensor = try inputs.needed(0)
                let least = try inputs.optional(1)?.values.doubles().first ?? low.map { Double($0) }
                let most = try inputs.optional(2)?.values.doubles().first ?? high.map { Double($0) }
                let clipped = try tensor.values.doubles().map { value in
                    let raised = least.map { value < $0 ? $0 : value } ?? value
                    return most.map { raised > $0 ? $0 : raised } ?? raised
                }
                return [try Tensor(shape: tensor.shape, tensor.values.same(clipped))]
            }
        },
        "Cast": { attributes throws(GraphFault) in
            let type = attributes.integer("to") ?? 0
            guard ElementType(type) != nil else { throw attributes.unsupported("to the data type \(type)") }
            return { inputs, _ throws(GraphFault) in [try cast(try inputs.needed(0), type)] }
        },
    ]

    /// What two numbers become, by their type.
    struct Arithmetic: Sendable {
        var float: @Sendable (Float, Float) -> Float
        var double: @Sendable (Double, Double) -> Double
        var integer: @Sendable (Int64, Int64) -> Int64

        init(
            _ float: @escaping @Sendable (Float, Float) -> Float,
            double: @escaping @Sendable (Double, Double) -> Double,
            integer: @escaping @Sendable (Int64, Int64) -> Int64
        ) {
            self.float = float
            self.double = double
            self.integer = integer
        }
    }

    /// All inputs, one after the other. Of numbers of 32 and 64 bits together the result is of 64.
    private static func folded(_ arithmetic: Arithmetic) -> OperatorTable.Maker {
        { _ in
            { inputs, work throws(GraphFault) in
                var result = try inputs.needed(0)
                for index in 1..<max(1, inputs.count) {
                    let other = try inputs.needed(index)
                    let shape = try Broadcast.shape(result.shape, other.shape)
                    try work.take(try Tensor.count(of: shape))
                    let left = try Broadcast.values(of: result, in: shape)
                    let right = try Broadcast.values(of: other, in: shape)
                    result = try Tensor(shape: shape, try combine(left, right, arithmetic))
                }
                return [result]
            }
        }
    }

    private static func combine(
        _ left: Tensor.Values,
        _ right: Tensor.Values,
        _ arithmetic: Arithmetic
    ) throws(GraphFault) -> Tensor.Values {
        switch (left, right) {
        case (.integer, .integer), (.integer, .bool), (.bool, .integer), (.bool, .bool):
            return .integer(zip(try left.integers(), try right.integers()).map { arithmetic.integer($0, $1) })
        case (.double, _), (_, .double):
            return .double(zip(try left.doubles(), try right.doubles()).map { arithmetic.double($0, $1) })
        default:
            return .float(zip(try left.floats(), try right.floats()).map { arithmetic.float($0, $1) })
        }
    }

    /// One number from one; in 64 bits, which gives those of 32 their nearest result.
    private static func mapped(_ body: @escaping @Sendable (Double) -> Double) -> OperatorTable.Maker {
        { _ in
            { inputs, _ throws(GraphFault) in
                let tensor = try inputs.needed(0)
                return [try Tensor(shape: tensor.shape, tensor.values.same(try tensor.values.doubles().map(body)))]
            }
        }
    }

    /// Whole powers by multiplication, others by exponential and logarithm.
    static func power(_ base: Double, _ exponent: Double) -> Double {
        if exponent == exponent.rounded(), exponent.magnitude <= 64 {
            var result = 1.0
            for _ in 0..<Int(exponent.magnitude) { result *= base }
            return exponent < 0 ? 1 / result : result
        }
        if exponent == 0.5 { return base.squareRoot() }
        // Two is by far the usual base; its logarithm is known to the last bit.
        return pa_exp(exponent * (base == 2 ? 0x1.62e42fefa39efp-1 : logarithm(base)))
    }

    /// The types of TensorProto that values can have.
    enum ElementType {
        case float, double, integer, bool, text

        init?(_ type: Int64) {
            switch type {
            case 1: self = .float
            case 11: self = .double
            case 2, 3, 4, 5, 6, 7, 12, 13: self = .integer
            case 9: self = .bool
            case 8: self = .text
            default: return nil
            }
        }
    }

    static func cast(_ tensor: Tensor, _ type: Int64) throws(GraphFault) -> Tensor {
        var values = tensor.values
        if case .text(let texts) = values, type != 8 {
            var numbers: [Double] = []
            for text in texts {
                guard let number = Double(text) else { throw .value("\"\(text)\" is no number") }
                numbers.append(number)
            }
            values = .double(numbers)
        }
        switch ElementType(type) {
        case .float: values = .float(try values.floats())
        case .double: values = .double(try values.doubles())
        case .integer: values = .integer(try values.integers())
        case .bool: values = .bool(try values.doubles().map { $0 != 0 })
        case .text:
            switch values {
            case .text: break
            case .integer(let numbers): values = .text(numbers.map { String($0) })
            case .bool(let flags): values = .text(flags.map { $0 ? "1" : "0" })
            case .float, .double: throw .unsupported(operation: "Cast", words: "from numbers to texts")
            }
        case nil: throw .unsupported(operation: "Cast", words: "to the data type \(type)")
        }
        return try Tensor(shape: tensor.shape, values)
    }
}
