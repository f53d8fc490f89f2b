/// The definition of what a forest says: a plain walk, row by row, tree by tree, node by node.
///
/// Every faster engine must give the same bits. O(trees · depth) a row.
public struct ReferenceForest: Sendable {
    public let model: ForestModel
    private let transform: MarginTransform

    /// The model as its definition says, without any engine.
    public init(_ model: ForestModel) {
        self.model = model
        transform = MarginTransform(model)
    }

    /// The index of the leaf that a row reaches.
    ///
    /// - Parameters:
    ///   - tree: A tree of the model.
    ///   - row: One value a feature, as ``prepared(_:)`` leaves it.
    /// - Returns: Its number, from left to right.
    public static func leaf(of tree: Tree, row: [Double]) -> Int {
        var node = 0
        while tree.feature[node] >= 0 {
            let goesLeft = tree.sendsLeft(row[Int(tree.feature[node])], at: node)
            node = goesLeft ? node + 1 : Int(tree.right[node])
        }
        return Int(tree.right[node])
    }

    /// A row as the nodes see it: of the model's precision, zeros that count as missing are NaN, and +∞ is the largest
    /// finite number.
    public func prepared(_ row: [Double]) -> [Double] {
        let isSingle = model.rowPrecision == .single
        let largest = isSingle ? Double(ForestModel.largestValue) : .greatestFiniteMagnitude
        return row.enumerated().map { feature, number in
            let value = isSingle ? Double(Float(number)) : number
            if !model.zeroIsMissing.isEmpty, model.zeroIsMissing[feature],
                value.magnitude <= Double(ForestModel.zeroLimit)
            {
                return .nan
            }
            return value == .infinity ? largest : value
        }
    }

    /// A row's margins, before link and calibration.
    ///
    /// - Parameter row: One value a feature, NaN = missing.
    /// - Returns: One an output; with single precision each is exactly a `Float`.
    public func margins(of row: [Double]) -> [Double] {
        let row = prepared(row)
        switch model.precision {
        case .single: return margins(row, Float.self)
        case .double: return margins(row, Double.self)
        }
    }

    private func margins<Number: BinaryFloatingPoint>(_ row: [Double], _: Number.Type) -> [Double] {
        let base = model.base.map { Number($0) }
        var sums = model.aggregation == .sum ? base : Array(repeating: 0, count: model.outputCount)
        var seen = Array(repeating: false, count: model.outputCount)
        for tree in model.trees {
            let leaf = Self.leaf(of: tree, row: row)
            for index in 0..<tree.leafWidth {
                let value = Number(tree.leaves[leaf * tree.leafWidth + index])
                let output = tree.output + index
                switch model.aggregation {
                case .sum, .average: sums[output] += value
                case .minimum: sums[output] = seen[output] ? min(sums[output], value) : value
                case .maximum: sums[output] = seen[output] ? max(sums[output], value) : value
                }
                seen[output] = true
            }
        }
        switch model.aggregation {
        case .sum: break
        case .average(let count):
            let scale = 1 / Number(count)
            for index in sums.indices { sums[index] = sums[index] * scale + base[index] }
        case .minimum, .maximum: for index in sums.indices { sums[index] += base[index] }
        }
        return sums.map { Double($0) }
    }

    /// A row's results: probabilities of all classes, values, or the anomaly score.
    ///
    /// - Parameter row: One value a feature, NaN = missing.
    /// - Returns: `resultCount` numbers.
    public func results(of row: [Double]) -> [Double] {
        let margins = margins(of: row)
        var results = Array(repeating: 0.0, count: model.resultCount)
        margins.withUnsafeBufferPointer { margins in
            results.withUnsafeMutableBufferPointer { results in
                if let source = margins.baseAddress, let target = results.baseAddress {
                    transform(source, into: target)
                }
            }
        }
        return results
    }
}

/// Rows of 32 bits.
extension ReferenceForest {
    /// Margins of a row of 32 bits.
    @_disfavoredOverload
    public func margins(of row: [Float]) -> [Double] { margins(of: row.map { Double($0) }) }

    /// Results of a row of 32 bits.
    @_disfavoredOverload
    public func results(of row: [Float]) -> [Double] { results(of: row.map { Double($0) }) }
}
