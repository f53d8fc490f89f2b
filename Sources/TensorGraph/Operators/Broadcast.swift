/// Tensors of different shapes side by side: an axis of size 1 is repeated, as NumPy does it.
enum Broadcast {
    /// The shape of both together.
    static func shape(_ left: [Int], _ right: [Int]) throws(GraphFault) -> [Int] {
        let rank = max(left.count, right.count)
        var shape: [Int] = []
        for axis in 0..<rank {
            let first = axis - (rank - left.count) >= 0 ? left[axis - (rank - left.count)] : 1
            let second = axis - (rank - right.count) >= 0 ? right[axis - (rank - right.count)] : 1
            guard first == second || first == 1 || second == 1 else {
                throw .malformed("shapes \(left) and \(right) do not fit")
            }
            shape.append(first == 1 ? second : first)
        }
        return shape
    }

    /// Where each value of the shape comes from; nil if they are the tensor's in their order.
    static func places(of tensor: Tensor, in shape: [Int]) throws(GraphFault) -> [Int]? {
        guard tensor.shape != shape else { return nil }
        let count = try Tensor.count(of: shape)
        guard tensor.count != 1 else { return Array(repeating: 0, count: count) }
        let shift = shape.count - tensor.shape.count
        guard shift >= 0 else { throw .malformed("shapes \(tensor.shape) and \(shape) do not fit") }
        var steps = Array(repeating: 0, count: shape.count)
        var step = 1
        for axis in tensor.shape.indices.reversed() {
            let size = tensor.shape[axis]
            guard size == 1 || size == shape[axis + shift] else {
                throw .malformed("shapes \(tensor.shape) and \(shape) do not fit")
            }
            steps[axis + shift] = size == 1 ? 0 : step
            step *= size
        }
        return walk(shape, steps, count)
    }

    /// The places that steps along each axis lead to, in the shape's order.
    static func walk(_ shape: [Int], _ steps: [Int], _ count: Int, from start: Int = 0) -> [Int] {
        var places: [Int] = []
        guard count > 0 else { return places }
        places.reserveCapacity(count)
        var index = Array(repeating: 0, count: shape.count)
        var place = start
        while true {
            places.append(place)
            guard places.count < count else { return places }
            var axis = shape.count - 1
            while axis >= 0 {
                index[axis] += 1
                place += steps[axis]
                if index[axis] < shape[axis] { break }
                place -= steps[axis] * shape[axis]
                index[axis] = 0
                axis -= 1
            }
        }
    }

    /// A tensor's values repeated to a shape.
    static func values(of tensor: Tensor, in shape: [Int]) throws(GraphFault) -> Tensor.Values {
        guard let places = try places(of: tensor, in: shape) else { return tensor.values }
        return tensor.values.picked(places)
    }
}
