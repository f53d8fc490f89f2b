/// Operators that move values about and change none.
enum Movements {
    static let makers: [String: OperatorTable.Maker] = [
        "Constant": { attributes throws(GraphFault) in
            let tensor: Tensor
            if let value = attributes.tensor("value") {
                tensor = value
            } else if let value = attributes.float("value_float") {
                tensor = try Tensor(shape: [], .float([value]))
            } else if let value = attributes.integer("value_int") {
                tensor = Tensor(scalar: value)
            } else if attributes.has("value_floats") {
                let values = attributes.floats("value_floats")
                tensor = try Tensor(shape: [values.count], .float(values))
            } else if attributes.has("value_ints") {
                let values = attributes.integers("value_ints")
                tensor = try Tensor(shape: [values.count], .integer(values))
            } else {
                throw attributes.unsupported("of another kind than tensor, int and float")
            }
            return { _, _ in [tensor] }
        },
        "Shape": { _ in
            { inputs, _ throws(GraphFault) in
                let shape = try inputs.needed(0).shape
                return [try Tensor(shape: [shape.count], .integer(shape.map { Int64($0) }))]
            }
        },
        "ConstantOfShape": { attributes throws(GraphFault) in
            var value = try Tensor(shape: [1], .float([0]))
            if let given = attributes.tensor("value") { value = given }
            guard value.count == 1 else { throw attributes.unsupported("with more than one value") }
            let filling = value
            return { inputs, work throws(GraphFault) in
                let shape = try sizes(try inputs.needed(0))
                let count = try Tensor.count(of: shape)
                try work.take(count)
                return [try filling.picked(Array(repeating: 0, count: count), shape: shape)]
            }
        },
        "Reshape": { attributes in
            let keepsZero = attributes.integer("allowzero") == 1
            let fixed = attributes.integers("shape")
            return { inputs, _ throws(GraphFault) in
                let tensor = try inputs.needed(0)
                let wanted = fixed.isEmpty ? try inputs.needed(1).values.integers() : fixed
                var shape: [Int] = []
                var open: Int?
                for (axis, size) in wanted.enumerated() {
                    if size == 0, !keepsZero {
                        guard axis < tensor.shape.count else { throw .malformed("the shape \(wanted)") }
                        shape.append(tensor.shape[axis])
                    } else if size == -1 {
                        guard open == nil else { throw .malformed("the shape \(wanted)") }
                        open = axis
                        shape.append(1)
                    } else {
                        guard size >= 0, size <= Tensor.countLimit else { throw .malformed("the shape \(wanted)") }
                        shape.append(Int(size))
                    }
                }
                if let open {
                    let rest = try Tensor.count(of: shape)
                    guard rest > 0, tensor.count % rest == 0 else { throw .malformed("the shape \(wanted)") }
                    shape[open] = tensor.count / rest
                }
                return [try tensor.reshaped(shape)]
            }
        },
        "Flatten": { attributes in
            let axis = attributes.integer("axis") ?? 1
            return { inputs, _ throws(GraphFault) in
                let tensor = try inputs.needed(0)
                let place = axis == Int64(tensor.shape.count) ? tensor.shape.count : try tensor.axis(axis)
                let outer = tensor.shape[..<place].reduce(1, *)
                return [try tensor.reshaped([outer, tensor.shape[place...].reduce(1, *)])]
            }
        },
        "Squeeze": { attributes in
            let fixed = attributes.integers("axes")
            return { inputs, _ throws(GraphFault) in
                let tensor = try inputs.needed(0)
                let axes = try inputs.optional(1)?.values.integers() ?? fixed
                var dropped: Set<Int> = []
                for axis in axes { dropped.insert(try tensor.axis(axis)) }
                if axes.isEmpty { dropped = Set(tensor.shape.indices.filter { tensor.shape[$0] == 1 }) }
                return [
                    try tensor.reshaped(tensor.shape.indices.filter { !dropped.contains($0) }.map { tensor.shape[$0] })
                ]
            }
        },
        "Unsqueeze": { attributes in
            let fixed = attributes.integers("axes")
            return { inputs, _ throws(GraphFault) in
                let tensor = try inputs.needed(0)
                let axes = try inputs.optional(1)?.values.integers() ?? fixed
                let rank = tensor.shape.count + axes.count
                guard rank <= 16 else { throw .malformed("\(rank) axes") }
                var added: Set<Int> = []
                for axis in axes { added.insert(try tensor.axis(axis, of: rank)) }
                guard added.count == axes.count else { throw .malformed("an axis is given twice") }
                var sizes = tensor.shape[...]
                return [try tensor.reshaped((0..<rank).map { added.contains($0) ? 1 : sizes.removeFirst() })]
            }
        },
        "Transpose": { attributes in
            let order = attributes.integers("perm")
            return { inputs, work throws(GraphFault) in
                let tensor = try inputs.needed(0)
                var axes: [Int] = []
                for axis in order { axes.append(try tensor.axis(axis)) }
                if order.isEmpty { axes = tensor.shape.indices.reversed() }
                guard Set(axes).count == tensor.shape.count, axes.count == tensor.shape.count else {
                    throw .malformed("the order \(order) of \(tensor.shape.count) axes")
                }
                try work.take(tensor.count)
                let steps = Self.steps(tensor.shape)
                let shape = axes.map { tensor.shape[$0] }
                return [
                    try tensor.picked(Broadcast.walk(shape, axes.map { steps[$0] }, tensor.count), shape: shape)
                ]
            }
        },
        "Concat": { attributes throws(GraphFault) in
            guard let axis = attributes.integer("axis") else { throw attributes.unsupported("without an axis") }
            return { inputs, work throws(GraphFault) in [try concatenated(inputs, axis, work)] }
        },
        "FeatureVectorizer": { _ in
            { inputs, work throws(GraphFault) in [try concatenated(inputs, 1, work)] }
        },
        "Gather": { attributes in
            let axis = attributes.integer("axis") ?? 0
            return { inputs, work throws(GraphFault) in
                let (tensor, wanted) = (try inputs.needed(0), try inputs.needed(1))
                return [try gathered(tensor, wanted, axis: try tensor.axis(axis), work)]
            }
        },
        // The columns of the last axis; of a vector its elements, as a row.
        "ArrayFeatureExtractor": { _ in
            { inputs, work throws(GraphFault) in
                let (source, wanted) = (try inputs.needed(0), try inputs.needed(1))
                let tensor = source.shape.count == 1 ? try source.reshaped([1, source.count]) : source
                let flat = try wanted.reshaped([wanted.count])
                return [try gathered(tensor, flat, axis: try tensor.axis(-1), work)]
            }
        },
        "GatherElements": { attributes in
            let axis = attributes.integer("axis") ?? 0
            return { inputs, work throws(GraphFault) in
                let (tensor, wanted) = (try inputs.needed(0), try inputs.needed(1))
                let axis = try tensor.axis(axis)
                guard wanted.shape.count == tensor.shape.count else { throw .malformed("shapes do not fit") }
                for place in tensor.shape.indices where place != axis && wanted.shape[place] > tensor.shape[place] {
                    throw .malformed("shapes do not fit")
                }
                try work.take(wanted.count)
                var steps = steps(tensor.shape)
                let step = steps[axis]
                steps[axis] = 0
                let starts = Broadcast.walk(wanted.shape, steps, wanted.count)
                var places: [Int] = []
                for (start, index) in zip(starts, try wanted.values.integers()) {
                    places.append(start + step * (try place(index, below: tensor.shape[axis])))
                }
                return [try tensor.picked(places, shape: wanted.shape)]
            }
        },
        "Slice": { attributes in
            let fixed = (attributes.integers("starts"), attributes.integers("ends"), attributes.integers("axes"))
            return { inputs, work throws(GraphFault) in
                let tensor = try inputs.needed(0)
                let starts = try inputs.optional(1)?.values.integers() ?? fixed.0
                let ends = try inputs.optional(2)?.values.integers() ?? fixed.1
                let axes = try inputs.optional(3)?.values.integers() ?? fixed.2
                let strides = try inputs.optional(4)?.values.integers() ?? starts.map { _ in 1 }
                return [try sliced(tensor, starts, ends, axes, strides, work)]
            }
        },
        "Expand": { _ in
            { inputs, work throws(GraphFault) in
                let tensor = try inputs.needed(0)
                let shape = try Broadcast.shape(tensor.shape, try sizes(try inputs.needed(1)))
                try work.take(try Tensor.count(of: shape))
                return [try Tensor(shape: shape, try Broadcast.values(of: tensor, in: shape))]
            }
        },
    ]

    private static func sizes(_ tensor: Tensor) throws(GraphFault) -> [Int] {
        var sizes: [Int] = []
        for size in try tensor.values.integers() {
            guard size >= 0, size <= Tensor.countLimit else { throw .tooLarge }
            sizes.append(Int(size))
        }
        return sizes
    }

    /// How far apart neighbours along each axis are.
    static func steps(_ shape: [Int]) -> [Int] {
        var steps = shape
        var step = 1
        for axis in shape.indices.reversed() {
            steps[axis] = step
            step *= shape[axis]
        }
        return steps
    }

    static func place(_ index: Int64, below size: Int) throws(GraphFault) -> Int {
        let place = index < 0 ? index + Int64(size) : index
        guard place >= 0, place < size else { throw .value("the index \(index) of \(size) values") }
        return Int(place)
    }

    private static func gathered(
        _ tensor: Tensor,
        _ wanted: Tensor,
        axis: Int,
        _ work: Work
    ) throws(GraphFault) -> Tensor {
        let (outer, size, inner) = tensor.parts(at: axis)
        var rows: [Int] = []
        for index in try wanted.values.integers() { rows.append(try place(index, below: size)) }
        let shape = Array(tensor.shape[..<axis]) + wanted.shape + Array(tensor.shape[(axis + 1)...])
        try work.take(try Tensor.count(of: shape))
        var places: [Int] = []
        for start in 0..<outer {
            for row in rows {
                let first = (start * size + row) * inner
                places += first..<first + inner
            }
        }
        return try tensor.picked(places, shape: shape)
    }

    private static func sliced(
        _ tensor: Tensor,
        _ starts: [Int64],
        _ ends: [Int64],
        _ axes: [Int64],
        _ strides: [Int64],
        _ work: Work
    ) throws(GraphFault) -> Tensor {
        let axes = axes.isEmpty ? starts.indices.map { Int64($0) } : axes
        guard starts.count == ends.count, axes.count == starts.count, strides.count == starts.count else {
            throw .malformed("there is not one start and end an axis")
        }
        var shape = tensor.shape
        var steps = steps(tensor.shape)
        var start = 0
        var seen: Set<Int> = []
        for (index, name) in axes.enumerated() {
            let axis = try tensor.axis(name)
            guard seen.insert(axis).inserted, strides[index] != 0, strides[index].magnitude < 1 << 40 else {
                throw .malformed("an axis is given twice, or a step of 0")
            }
            let size = Int64(tensor.shape[axis])
            let isBackward = strides[index] < 0
            func bound(_ value: Int64) -> Int64 {
                let place = value < 0 ? max(value, -size - 1) + size : value
                return isBackward ? min(max(place, -1), size - 1) : min(max(place, 0), size)
            }
            let (first, end) = (bound(starts[index]), bound(ends[index]))
            let distance = isBackward ? first - end : end - first
            let step = Int64(strides[index].magnitude)
            shape[axis] = Int(max(0, (distance + step - 1) / step))
            if shape[axis] > 0 { start += Int(first) * steps[axis] }
            steps[axis] *= Int(strides[index])
        }
        let count = try Tensor.count(of: shape)
        try work.take(count)
        return try tensor.picked(Broadcast.walk(shape, steps, count, from: start), shape: shape)
    }

    private static func concatenated(_ inputs: [Tensor?], _ axis: Int64, _ work: Work) throws(GraphFault) -> Tensor {
        var tensors: [Tensor] = []
        for index in inputs.indices { tensors.append(try inputs.needed(index)) }
        guard let first = tensors.first else { throw .malformed("nothing to put together") }
        let place = try first.axis(axis)
        var shape = first.shape
        for tensor in tensors.dropFirst() {
            guard tensor.shape.count == shape.count else { throw .malformed("tensors of different axes") }
            for other in shape.indices where other != place && tensor.shape[other] != shape[other] {
                throw .malformed("shapes \(first.shape) and \(tensor.shape) do not fit")
            }
            shape[place] += tensor.shape[place]
        }
        try work.take(try Tensor.count(of: shape))
        let outer = shape[..<place].reduce(1, *)
        func joined<Value>(_ parts: [[Value]]) -> [Value] {
            var values: [Value] = []
            for start in 0..<outer {
                for part in parts {
                    let size = part.count / max(1, outer)
                    values += part[start * size..<(start + 1) * size]
                }
            }
            return values
        }
        let values = tensors.map(\.values)
        if values.allSatisfy(\.isText) {
            return try Tensor(
                shape: shape,
                .text(joined(values.map { if case .text(let texts) = $0 { texts } else { [] } }))
            )
        }
        var isInteger = true
        var isDouble = false
        for value in values {
            switch value {
            case .integer, .bool: break
            case .double: (isInteger, isDouble) = (false, true)
            case .float, .text: isInteger = false
            }
        }
        if isInteger {
            var parts: [[Int64]] = []
            for value in values { parts.append(try value.integers()) }
            return try Tensor(shape: shape, .integer(joined(parts)))
        }
        if isDouble {
            var parts: [[Double]] = []
            for value in values { parts.append(try value.doubles()) }
            return try Tensor(shape: shape, .double(joined(parts)))
        }
        var parts: [[Float]] = []
        for value in values { parts.append(try value.floats()) }
        return try Tensor(shape: shape, .float(joined(parts)))
    }
}
