import Base
import Forest

/// Random models of every kind: what the engines must hold.
struct ModelMaker {
    var random: Seeded
    let features: Int
    let outputs: Int
    private let isSingle: Bool
    /// Comparisons only, or all kinds of tests.
    private let compares: Bool
    private let manyThresholds: Bool
    /// Whether rows and thresholds are of 64 bits; a feature is then either a number or a category.
    private let isDouble: Bool

    private let sumsOnly: Bool

    init(seed: UInt64, featureLimit: Int? = nil, sumsOnly: Bool = false) {
        random = Seeded(seed: seed)
        self.sumsOnly = sumsOnly
        if let featureLimit {
            features = 1 + random.below(featureLimit)
        } else {
            features = random.below(4) == 0 ? 20 + random.below(50) : 1 + random.below(8)
        }
        outputs = random.below(2) == 0 ? 1 : 2 + random.below(random.below(6) == 0 ? 30 : 4)
        isSingle = random.below(2) == 0
        compares = random.below(2) == 0
        manyThresholds = random.below(5) == 0
        isDouble = random.below(2) == 0
    }

    mutating func model() throws -> ForestModel {
        let isWide = outputs > 1 && random.below(2) == 0
        let isMixed = isWide && random.below(4) == 0
        let depth = random.below(7) == 0 ? 30 : random.below(9)
        let trees = (0..<1 + random.below(manyThresholds ? 150 : 75)).map { _ in
            let wide = isWide && !(isMixed && random.below(2) == 0)
            return tree(depth: depth, width: wide ? outputs : 1, output: wide ? 0 : random.below(outputs))
        }
        let aggregation: ForestModel.Aggregation =
            switch random.below(8) {
            case 0, 1: .average(over: trees.count)
            case 2: sumsOnly ? .sum : random.below(2) == 0 ? .minimum : .maximum
            default: .sum
            }
        let link: ForestModel.Link =
            switch random.below(5) {
            case 0: .identity
            case 1: .sigmoid(scale: 1)
            case 2: outputs > 1 ? .softmax : .sigmoid(scale: 0.5)
            case 3: .exponential
            default: .isolation(expectedDepth: 7.5)
            }
        let base = (0..<outputs).map { _ in value() }
        return try ForestModel(
            featureNames: (0..<features).map { "f\($0)" },
            kind: .regression,
            outputCount: outputs,
            trees: trees,
            base: random.below(3) == 0 ? nil : base,
            aggregation: aggregation,
            link: link,
            precision: isSingle ? .single : .double,
            rowPrecision: isDouble ? .double : .single,
            zeroIsMissing: random.below(5) == 0 ? (0..<features).map { _ in random.below(2) == 0 } : []
        )
    }

    private mutating func value() -> Double {
        let value = (random.unit() - 0.5) * 0.4
        return random.below(20) == 0 ? -0.0 : isSingle ? Double(Float(value)) : value
    }

    private mutating func tree(depth: Int, width: Int, output: Int) -> Tree {
        var tree = Tree(leafWidth: width, output: output)
        if !compares {
            let sets = (0..<3).map { _ in
                (0..<1 + random.below(3)).map { _ in UInt32(truncatingIfNeeded: random.next()) }
            }
            tree.categoryOffsets = [0]
            for set in sets {
                tree.categoryWords += set
                tree.categoryOffsets.append(Int32(tree.categoryWords.count))
            }
        }
        grow(&tree, depth)
        return tree
    }

    private mutating func grow(_ tree: inout Tree, _ left: Int) {
        let isDeep = left > 9
        guard left > 0, isDeep || random.below(6) > 0 else {
            tree.appendLeaf((0..<tree.leafWidth).map { _ in value() }, cover: Float(1 + random.below(50)))
            if !compares { while tree.tests.count < tree.nodeCount { tree.tests.append(.less) } }
            return
        }
        let node = tree.nodeCount
        let feature = random.below(features)
        tree.feature.append(Int32(feature))
        tree.missingGoesLeft.append(random.below(2) == 0)
        tree.right.append(0)
        tree.cover.append(0)
        let kind = compares ? 0 : !isDouble ? random.below(3) : feature % 2 == 0 ? random.below(2) : 2
        if !compares { tree.tests.append([.less, .equal, .inSet][kind]) }
        switch kind {
        case 0:
            let number = manyThresholds ? Float(random.unit() * 8 - 4) : Float(random.below(15)) / 2 - 3.5
            let threshold = isDouble ? near(Double(number)) : Double(number)
            tree.threshold.append(random.below(25) == 0 ? .infinity : random.below(25) == 0 ? -0.0 : threshold)
        case 1: tree.threshold.append(Double(random.below(9)) - 4)
        default: tree.threshold.append(Double(random.below(3)))
        }
        // A deep tree is a chain: one side ends soon.
        grow(&tree, isDeep && random.below(2) == 0 ? 1 : left - 1)
        tree.right[node] = Int32(tree.nodeCount)
        grow(&tree, isDeep ? (tree.nodeCount > 40 ? 0 : left - 1) : left - 1)
        tree.cover[node] = tree.cover[node + 1] + tree.cover[Int(tree.right[node])]
    }

    /// A number that 32 bits do not tell from its neighbours.
    private mutating func near(_ number: Double) -> Double {
        let steps = random.below(5)
        return steps == 4 ? number : (0..<steps).reduce(number) { value, _ in value.nextUp }
    }

    mutating func rows(_ count: Int) -> [Double] {
        (0..<count * features).map { _ in
            let value: Float = singleValue()
            return random.below(2) == 0 && abs(value) < 100 ? near(Double(value)) : Double(value)
        }
    }

    private mutating func singleValue() -> Float {
        switch random.below(16) {
        case 0: .nan
        case 1: random.below(2) == 0 ? .infinity : -.infinity
        case 2: random.below(2) == 0 ? -0.0 : 0
        case 3: Float(random.below(120)) - 10
        case 4: -0.5
        case 5: random.below(2) == 0 ? .greatestFiniteMagnitude : 1e-36
        case 6, 7: Float(random.unit() * 8 - 4)
        default: Float(random.below(15)) / 2 - 3.5
        }
    }
}
