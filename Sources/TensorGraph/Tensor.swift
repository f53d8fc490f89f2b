/// A block of values of one type, the last axis running fastest.
public struct Tensor: Sendable, Equatable {
    /// Integers of all widths are of 64 bits here.
    public enum Values: Sendable, Equatable {
        case float([Float])
        case double([Double])
        case integer([Int64])
        case bool([Bool])
        case text([String])
    }

    public let shape: [Int]
    public let values: Values

    /// - Throws: ``GraphFault/malformed(_:)`` if there are not as many values as the shape says.
    public init(shape: [Int], _ values: Values) throws(GraphFault) {
        guard try Self.count(of: shape) == values.count else {
            throw .malformed("a tensor has \(values.count) values, but the shape \(shape)")
        }
        self.shape = shape
        self.values = values
    }

    /// One value without axes.
    public init(scalar value: Int64) {
        shape = []
        values = .integer([value])
    }

    /// Values of one tensor: what a batch of rows needs is far below.
    static let countLimit = 1 << 24

    /// The number of values of a shape.
    static func count(of shape: [Int]) throws(GraphFault) -> Int {
        var count = 1
        for size in shape {
            guard size >= 0 else { throw .malformed("an axis of the size \(size)") }
            let (product, overflows) = count.multipliedReportingOverflow(by: size)
            guard !overflows, product <= countLimit else { throw .tooLarge }
            count = product
        }
        return count
    }

    public var count: Int { values.count }

    /// The place of an axis; negative ones count from the end.
    func axis(_ axis: Int64, of rank: Int? = nil) throws(GraphFault) -> Int {
        let rank = Int64(rank ?? shape.count)
        let place = axis < 0 ? axis + rank : axis
        guard place >= 0, place < rank else { throw .malformed("axis \(axis) of \(rank) axes") }
        return Int(place)
    }

    /// Products of the sizes in front of an axis, of it, and behind it.
    func parts(at axis: Int) -> (outer: Int, size: Int, inner: Int) {
        (shape[..<axis].reduce(1, *), shape[axis], shape[(axis + 1)...].reduce(1, *))
    }

    /// The same values in another shape.
    func reshaped(_ shape: [Int]) throws(GraphFault) -> Tensor { try Tensor(shape: shape, values) }

    /// The values at these places, in another shape.
    func picked(_ places: [Int], shape: [Int]) throws(GraphFault) -> Tensor {
        try Tensor(shape: shape, values.picked(places))
    }
}

extension Tensor.Values {
    public var count: Int {
        switch self {
        case .float(let values): values.count
        case .double(let values): values.count
        case .integer(let values): values.count
        case .bool(let values): values.count
        case .text(let values): values.count
        }
    }

    func picked(_ places: [Int]) -> Tensor.Values {
        switch self {
        case .float(let values): .float(places.map { values[$0] })
        case .double(let values): .double(places.map { values[$0] })
        case .integer(let values): .integer(places.map { values[$0] })
        case .bool(let values): .bool(places.map { values[$0] })
        case .text(let values): .text(places.map { values[$0] })
        }
    }

    var isText: Bool { if case .text = self { true } else { false } }

    /// As numbers of 64 bits; texts are none.
    func doubles() throws(GraphFault) -> [Double] {
        switch self {
        case .float(let values): values.map { Double($0) }
        case .double(let values): values
        case .integer(let values): values.map { Double($0) }
        case .bool(let values): values.map { $0 ? 1 : 0 }
        case .text: throw .malformed("a text where a number is needed")
        }
    }

    /// As numbers of 32 bits; texts are none.
    func floats() throws(GraphFault) -> [Float] {
        switch self {
        case .float(let values): values
        case .double(let values): values.map { Float($0) }
        case .integer(let values): values.map { Float($0) }
        case .bool(let values): values.map { $0 ? 1 : 0 }
        case .text: throw .malformed("a text where a number is needed")
        }
    }

    /// As integers; numbers with a fraction lose it.
    func integers() throws(GraphFault) -> [Int64] {
        func whole(_ value: Double) throws(GraphFault) -> Int64 {
            guard let number = Int64(exactly: value.rounded(.towardZero)) else {
                throw .value("\(value) is no integer")
            }
            return number
        }
        var integers: [Int64] = []
        integers.reserveCapacity(count)
        switch self {
        case .float(let values): for value in values { integers.append(try whole(Double(value))) }
        case .double(let values): for value in values { integers.append(try whole(value)) }
        case .integer(let values): return values
        case .bool(let values): return values.map { $0 ? 1 : 0 }
        case .text: throw .malformed("a text where a number is needed")
        }
        return integers
    }

    /// Numbers of 64 bits as what these values are: 32 or 64 bits, or integers.
    func same(_ numbers: [Double]) -> Tensor.Values {
        switch self {
        case .double: .double(numbers)
        case .integer, .bool: .integer(numbers.map { Int64(exactly: $0.rounded(.towardZero)) ?? 0 })
        case .float, .text: .float(numbers.map { Float($0) })
        }
    }
}
