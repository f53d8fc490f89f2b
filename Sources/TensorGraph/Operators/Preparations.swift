/// Operators that prepare columns of numbers: what scikit-learn's scalers, imputers and normalizers are exported as.
enum Preparations {
    static let makers: [String: OperatorTable.Maker] = [
        // (x − offset) · scale, in 32 bits.
        "Scaler": { attributes throws(GraphFault) in
            let (offset, scale) = (attributes.floats("offset"), attributes.floats("scale"))
            return { inputs, _ throws(GraphFault) in
                let tensor = try inputs.needed(0)
                let width = tensor.shape.last ?? 1
                guard [offset, scale].allSatisfy({ $0.count == width || $0.count == 1 }) else {
                    throw .malformed("offsets and scales are not one a column")
                }
                let values = try tensor.values.floats().enumerated().map { index, value in
                    (value - offset[offset.count == 1 ? 0 : index % width])
                        * scale[scale.count == 1 ? 0 : index % width]
                }
                return [try Tensor(shape: tensor.shape, .float(values))]
            }
        },
        "Imputer": { attributes throws(GraphFault) in
            let floats = attributes.floats("imputed_value_floats").map { Double($0) }
            let integers = attributes.integers("imputed_value_int64s").map { Double($0) }
            let instead = floats.isEmpty ? integers : floats
            let missing =
                floats.isEmpty
                ? Double(attributes.integer("replaced_value_int64") ?? 0)
                : Double(attributes.float("replaced_value_float") ?? 0)
            return { inputs, _ throws(GraphFault) in
                let tensor = try inputs.needed(0)
                let width = tensor.shape.last ?? 1
                guard instead.count == width || instead.count == 1 else {
                    throw .malformed("there is not one value a column")
                }
                let values = try tensor.values.doubles().enumerated().map { index, value in
                    let isMissing = missing.isNaN ? value.isNaN : value == missing
                    return isMissing ? instead[instead.count == 1 ? 0 : index % width] : value
                }
                return [try Tensor(shape: tensor.shape, tensor.values.same(values))]
            }
        },
        "Normalizer": { attributes throws(GraphFault) in
            let norm = attributes.text("norm") ?? "MAX"
            guard ["MAX", "L1", "L2"].contains(norm) else { throw attributes.unsupported("norm \(norm)") }
            return { inputs, _ throws(GraphFault) in
                let tensor = try inputs.needed(0)
                let width = max(1, tensor.shape.last ?? 1)
                let values = try tensor.values.floats()
                var results: [Float] = []
                results.reserveCapacity(values.count)
                for start in stride(from: 0, to: values.count, by: width) {
                    let row = values[start..<min(start + width, values.count)]
                    let size: Float =
                        switch norm {
                        case "MAX": row.reduce(-.infinity) { max($0, $1) }
                        case "L1": row.reduce(0) { $0 + $1.magnitude }
                        default: row.reduce(0) { $0 + $1 * $1 }.squareRoot()
                        }
                    results += size == 0 ? Array(row) : row.map { $0 / size }
                }
                return [try Tensor(shape: tensor.shape, .float(results))]
            }
        },
        "Binarizer": { attributes in
            let threshold = Double(attributes.float("threshold") ?? 0)
            return { inputs, _ throws(GraphFault) in
                let tensor = try inputs.needed(0)
                let values = try tensor.values.doubles().map { $0 > threshold ? 1.0 : 0 }
                return [try Tensor(shape: tensor.shape, tensor.values.same(values))]
            }
        },
        // Names to the columns of probabilities, which are found by their places here.
        "ZipMap": { _ in
            { inputs, _ throws(GraphFault) in [try inputs.needed(0)] }
        },
    ]
}
