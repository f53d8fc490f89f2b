/// A validated forest: what every importer and trainer makes, every engine is built from, and every exporter reads.
///
/// **Rows** have one value a feature, NaN = missing. With ``rowPrecision`` `.single` they are float32, as in XGBoost,
/// ONNX's graphs of 32 bits and scikit-learn's forests; thresholds of 64 bits are narrowed exactly for such rows:
/// `x ≤ t` becomes `x < (largest Float ≤ t).nextUp`. With `.double` rows and thresholds are float64, as in LightGBM,
/// scikit-learn's HistGradientBoosting and ONNX's graphs of 64 bits. A value of +∞ counts as the largest finite one, so
/// that `x < +∞` holds for everything that is not missing: LightGBM and scikit-learn split off missing values with
/// `x ≤ +∞`. It makes no difference to any other threshold.
///
/// **Missing values** go where each node's flag says. Where zero counts as missing (LightGBM's `zero_as_missing`), the
/// feature is listed in ``zeroIsMissing``: a value within ±``zeroLimit`` is turned into NaN before any node sees it.
/// LightGBM's other rule, NaN counts as 0, needs nothing here: its nodes' flags say where 0 would go.
///
/// **Sum**: margins = ``base`` + aggregate of the leaves that a row reaches, added in the order of the trees in the
/// model's ``precision``. A plain sum starts from the base (as XGBoost's does); an average, minimum or maximum is taken
/// first and the base added to it (as ONNX has it). ``MarginTransform`` turns margins into results.
public struct ForestModel: Sendable, Equatable {
    /// What the results are.
    public enum Kind: Sendable, Equatable {
        /// Probabilities, one a class. With one output it is that of the second class.
        case classification(classNames: [String])
        /// Values, one an output.
        case regression
        /// How isolated a row is, 0…1 (Liu, Ting, Zhou 2008).
        case anomaly
    }

    /// How the leaves of the trees become one margin an output.
    public enum Aggregation: Sendable, Equatable {
        case sum
        /// The sum times the reciprocal of that number.
        case average(over: Int)
        /// Of the trees that have the output.
        case minimum, maximum
    }

    /// How margins become results.
    public enum Link: Sendable, Equatable {
        case identity
        /// 1 / (1 + exp(−scale · margin)) of every output.
        case sigmoid(scale: Double)
        case softmax
        case exponential
        /// 2 to the power of −margin / expectedDepth: the margin is the mean path length.
        case isolation(expectedDepth: Double)
    }

    /// Bits of numbers: 32 or 64.
    public enum Precision: Sendable, Equatable {
        case single, double
    }

    public let featureNames: [String]
    public let kind: Kind
    /// Margins a row.
    public let outputCount: Int
    public let trees: [Tree]
    /// One an output.
    public let base: [Double]
    public let aggregation: Aggregation
    public let link: Link
    /// What the sums are taken in. With `.single` every leaf and base is exactly a `Float`.
    public let precision: Precision
    /// What rows and thresholds are. With `.single` every threshold is exactly a `Float`.
    public let rowPrecision: Precision
    /// Empty, or for each feature whether zero counts as missing.
    public let zeroIsMissing: [Bool]
    public let calibration: Calibration?
    /// By feature, of those whose categories have names.
    public let categories: [Int: CategoryNames]

    /// Deeper trees, more nodes, features or classes than these are refused.
    public static let depthLimit = 512
    public static let nodeLimit = 50_000_000
    public static let nameLimit = 65_536
    public static let outputLimit = 1024
    /// What +∞ in a row counts as.
    public static let largestValue = Float.greatestFiniteMagnitude
    /// Values between −this and this, both included, are zero.
    public static let zeroLimit: Float = 1e-35

    /// The names of the classes; none unless the model classifies.
    public var classNames: [String] { if case .classification(let names) = kind { names } else { [] } }

    /// Results a row: one a class (two with one margin), else one an output.
    public var resultCount: Int { if case .classification(let names) = kind { names.count } else { outputCount } }

    /// Checks everything, so that scoring has to check nothing.
    ///
    /// - Parameters:
    ///   - featureNames: All different.
    ///   - kind: What the results are.
    ///   - outputCount: Margins a row.
    ///   - trees: At least one.
    ///   - base: One an output; nil = zeros.
    ///   - aggregation: How leaves become margins.
    ///   - link: How margins become results.
    ///   - precision: What sums are taken in.
    ///   - rowPrecision: What rows and thresholds are.
    ///   - zeroIsMissing: Empty, or one flag a feature.
    ///   - calibration: What corrects the probabilities.
    ///   - categories: By feature, what its categories are called.
    /// - Throws: ``ForestError/invalid(part:words:)`` naming the tree and node.
    public init(
        featureNames: [String],
        kind: Kind,
        outputCount: Int,
        trees: [Tree],
        base: [Double]? = nil,
        aggregation: Aggregation = .sum,
        link: Link = .identity,
        precision: Precision = .single,
        rowPrecision: Precision = .single,
        zeroIsMissing: [Bool] = [],
        calibration: Calibration? = nil,
        categories: [Int: CategoryNames] = [:]
    ) throws(ForestError) {
        self.featureNames = featureNames
        self.kind = kind
        self.outputCount = outputCount
        self.trees = trees
        self.base = base ?? Array(repeating: 0, count: max(0, min(outputCount, Self.outputLimit)))
        self.aggregation = aggregation
        self.link = link
        self.precision = precision
        self.rowPrecision = rowPrecision
        self.zeroIsMissing = zeroIsMissing.contains(true) ? zeroIsMissing : []
        self.calibration = calibration
        self.categories = categories
        try checkNames()
        try checkOutputs()
        for (index, tree) in trees.enumerated() {
            try tree.check(index, features: featureNames.count, outputs: outputCount)
        }
        try checkSums()
        try checkThresholds()
        try calibration?.check(resultCount)
        for (feature, names) in categories {
            guard featureNames.indices.contains(feature) else {
                throw .invalid(part: "categories", words: "they are of a feature that does not exist")
            }
            try names.check(featureNames[feature])
        }
    }

    /// A random forest: the mean of its trees' leaves, which are probabilities of all classes.
    ///
    /// - Throws: ``ForestError/invalid(part:words:)`` naming the tree and node.
    public init(featureNames: [String], classNames: [String], trees: [Tree]) throws(ForestError) {
        for (index, tree) in trees.enumerated() where !tree.leaves.allSatisfy({ $0 >= 0 && $0 <= 1.0001 }) {
            throw .invalid(part: "tree \(index)", words: "a leaf's probability is not between 0 and 1")
        }
        try self.init(
            featureNames: featureNames,
            kind: .classification(classNames: classNames),
            outputCount: classNames.count,
            trees: trees,
            aggregation: .average(over: trees.count)
        )
    }

    /// Whether every result lies between 0 and 1, whatever the row: what a sigmoid, a softmax or a path length gives,
    /// and leaves that can add up to nothing else.
    public var givesProbabilities: Bool {
        switch kind {
        case .regression: return false
        case .anomaly: return true
        case .classification: break
        }
        switch link {
        case .sigmoid, .softmax: return true
        case .exponential, .isolation: return false
        case .identity: break
        }
        guard aggregation != .minimum, aggregation != .maximum else { return false }
        var scale = 1.0
        if case .average(let count) = aggregation { scale = 1 / Double(count) }
        var lowest = base
        var highest = base
        for tree in trees {
            for output in tree.output..<tree.output + tree.leafWidth {
                let values = stride(from: output - tree.output, to: tree.leaves.count, by: tree.leafWidth)
                lowest[output] += (values.map { tree.leaves[$0] }.min() ?? 0) * scale
                highest[output] += (values.map { tree.leaves[$0] }.max() ?? 0) * scale
            }
        }
        // What 32 bits round.
        return lowest.allSatisfy { $0 >= -1e-3 } && highest.allSatisfy { $0 <= 1 + 1e-3 }
    }

    /// The same forest under other names, in the same order.
    ///
    /// - Parameters:
    ///   - features: nil = they stay.
    ///   - classes: nil = they stay. Two turn a single output between 0 and 1 (a sigmoid's) into two classes.
    /// - Returns: A model that differs in nothing else.
    /// - Throws: ``ForestError/invalid(part:words:)`` if there are not as many names as things to name.
    public func renamed(features: [String]? = nil, classes: [String]? = nil) throws(ForestError) -> ForestModel {
        if let features, features.count != featureNames.count {
            throw .invalid(part: "features", words: "\(features.count) names for \(featureNames.count)")
        }
        var kind = kind
        if let classes {
            if classNames.isEmpty {
                guard case .sigmoid = link, outputCount == 1 else {
                    throw .invalid(part: "classes", words: "the model gives values, not probabilities of classes")
                }
            } else if classes.count != classNames.count {
                throw .invalid(part: "classes", words: "\(classes.count) names for \(classNames.count)")
            }
            kind = .classification(classNames: classes)
        }
        return try copy(features: features ?? featureNames, kind: kind, calibration: calibration)
    }

    /// The same forest with another calibration, or without one.
    ///
    /// - Throws: ``ForestError`` if the calibration does not fit.
    public func calibrated(_ calibration: Calibration?) throws(ForestError) -> ForestModel {
        try copy(features: featureNames, kind: kind, calibration: calibration)
    }

    private func copy(
        features: [String],
        kind: Kind,
        calibration: Calibration?
    ) throws(ForestError) -> ForestModel {
        try ForestModel(
            featureNames: features,
            kind: kind,
            outputCount: outputCount,
            trees: trees,
            base: base,
            aggregation: aggregation,
            link: link,
            precision: precision,
            rowPrecision: rowPrecision,
            zeroIsMissing: zeroIsMissing,
            calibration: calibration,
            categories: categories
        )
    }

    /// A checked model's trees over codes of 32 bits (``RowCoding``).
    init(_ model: ForestModel, overCodes trees: [Tree]) {
        featureNames = model.featureNames
        kind = model.kind
        outputCount = model.outputCount
        self.trees = trees
        base = model.base
        aggregation = model.aggregation
        link = model.link
        precision = model.precision
        rowPrecision = .single
        zeroIsMissing = []
        calibration = model.calibration
        categories = [:]
    }

    private func checkNames() throws(ForestError) {
        guard !featureNames.isEmpty, featureNames.count <= Self.nameLimit else {
            throw .invalid(part: "features", words: "there must be 1 to \(Self.nameLimit)")
        }
        guard Set(featureNames).count == featureNames.count else {
            throw .invalid(part: "features", words: "two have the same name")
        }
        guard zeroIsMissing.isEmpty || zeroIsMissing.count == featureNames.count else {
            throw .invalid(part: "features", words: "whether zero is missing is not known of each")
        }
        guard case .classification(let names) = kind else { return }
        guard names.count >= 2, names.count <= Self.outputLimit, Set(names).count == names.count else {
            throw .invalid(part: "classes", words: "there must be 2 to 1,024 different ones")
        }
    }

    private func checkOutputs() throws(ForestError) {
        guard outputCount >= 1, outputCount <= Self.outputLimit, base.count == outputCount,
            base.allSatisfy(\.isFinite)
        else { throw .invalid(part: "outputs", words: "there must be 1 to 1,024, each with a base value") }
        if case .classification(let names) = kind, names.count != outputCount, outputCount > 1 || names.count > 2 {
            throw .invalid(part: "classes", words: "\(names.count) do not fit \(outputCount) outputs")
        }
        if kind == .anomaly, outputCount != 1 {
            throw .invalid(part: "outputs", words: "an isolation forest has one")
        }
        guard !trees.isEmpty else { throw .invalid(part: "trees", words: "there are none") }
        if case .average(let count) = aggregation, count < 1 {
            throw .invalid(part: "trees", words: "the average is over none")
        }
        switch link {
        case .sigmoid(let scale) where !(scale.isFinite && scale > 0):
            throw .invalid(part: "link", words: "the sigmoid's scale is not a positive number")
        case .isolation(let depth) where !(depth.isFinite && depth > 0):
            throw .invalid(part: "link", words: "the expected depth is not a positive number")
        default: break
        }
    }

    /// Sums must stay finite, and single ones exact.
    private func checkSums() throws(ForestError) {
        var largest = base.map(\.magnitude)
        func narrow(_ value: Double) -> Bool { Double(Float(value)) == value }
        for (index, tree) in trees.enumerated() {
            guard precision == .double || tree.leaves.allSatisfy(narrow) else {
                throw .invalid(part: "tree \(index)", words: "a leaf's value has more than 32 bits")
            }
            if tree.leafWidth == 1 {
                largest[tree.output] += tree.leaves.reduce(0) { max($0, $1.magnitude) }
            } else {
                for (position, value) in tree.leaves.enumerated() where value.magnitude > 1 {
                    largest[position % outputCount] += value.magnitude
                }
            }
        }
        guard precision == .double || base.allSatisfy(narrow) else {
            throw .invalid(part: "base", words: "it has more than 32 bits")
        }
        guard largest.allSatisfy({ $0 < 1e38 }) else {
            throw .invalid(part: "trees", words: "their leaves add up to more than numbers hold")
        }
    }
}

extension ForestModel {
    /// Thresholds must be what rows can be compared with.
    private func checkThresholds() throws(ForestError) {
        guard rowPrecision == .double else {
            for (index, tree) in trees.enumerated() {
                guard tree.threshold.allSatisfy({ Double(Float($0)) == $0 }) else {
                    throw .invalid(part: "tree \(index)", words: "a threshold has more than 32 bits")
                }
            }
            return
        }
        var isCompared = Array(repeating: false, count: featureNames.count)
        var isCategory = isCompared
        for tree in trees {
            for node in 0..<tree.nodeCount where tree.feature[node] >= 0 {
                let feature = Int(tree.feature[node])
                if tree.test(node) == .inSet { isCategory[feature] = true } else { isCompared[feature] = true }
            }
        }
        for (feature, name) in featureNames.enumerated() where isCompared[feature] && isCategory[feature] {
            throw .invalid(part: "feature \(name)", words: "it is a number at some nodes and a category at others")
        }
    }
}

/// What is wrong with a model file, or with the way a model is put together.
public enum ForestError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file is not of its format, at this byte.
    case syntax(position: Int, words: String)
    /// The file can be read, but holds no model: which part, and what is wrong with it.
    case invalid(part: String, words: String)
    /// The model is whole, but asks for something that is not supported here.
    case unsupported(words: String)

    public var description: String {
        switch self {
        case .syntax(let position, let words): "not a model file: \(words) at byte \(position)"
        case .invalid(let part, let words): "the model is refused: \(part): \(words)"
        case .unsupported(let words): "the model is not supported: \(words)"
        }
    }
}
