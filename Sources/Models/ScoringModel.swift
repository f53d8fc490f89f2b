public import Forest
public import TensorGraph

/// What makes scores of rows: a forest alone, for the fast engines, or a graph around forests.
public enum ScoringModel: Sendable {
    case forest(ForestModel)
    case graph(GraphModel)

    public var featureNames: [String] {
        switch self {
        case .forest(let forest): forest.featureNames
        case .graph(let graph): graph.featureNames
        }
    }

    public var kind: ForestModel.Kind {
        switch self {
        case .forest(let forest): forest.kind
        case .graph(let graph): graph.kind
        }
    }

    /// The names of the classes; none unless the model classifies.
    public var classNames: [String] { if case .classification(let names) = kind { names } else { [] } }

    /// Results that a detector takes of a row.
    public var scoreCount: Int {
        switch self {
        case .forest(let forest): forest.resultCount
        case .graph(let graph): graph.kind == .anomaly ? 1 : graph.resultCount
        }
    }

    public var categories: [Int: CategoryNames] {
        switch self {
        case .forest(let forest): forest.categories
        case .graph(let graph): graph.categories
        }
    }

    /// Whether rows are compared in 64 bits.
    public var takesDoubles: Bool {
        if case .forest(let forest) = self { forest.rowPrecision == .double } else { true }
    }

    /// Whether every score lies between 0 and 1. What a graph calls classes' probabilities is taken for some.
    public var givesProbabilities: Bool {
        switch self {
        case .forest(let forest): forest.givesProbabilities
        case .graph(let graph): graph.kind != .regression
        }
    }

    public var size: GraphModel.Size {
        switch self {
        case .forest(let forest): GraphModel.Size(of: forest)
        case .graph(let graph): graph.size
        }
    }

    /// The model made ready for scoring and explaining.
    ///
    /// - Parameters:
    ///   - meaning: What its results mean.
    ///   - typical: Usual value of each feature; NaN = unknown.
    /// - Returns: What all threads share.
    public func prepared(_ meaning: ResultMeaning, typical: [Double]) -> any PreparedModel {
        switch self {
        case .forest(let forest): PreparedForest(forest, meaning)
        case .graph(let graph): PreparedGraph(graph, meaning, typical: typical)
        }
    }

    /// The same model under other names, in the same order.
    ///
    /// - Parameters:
    ///   - features: nil = they stay.
    ///   - classes: nil = they stay.
    /// - Returns: A model that differs in nothing else.
    /// - Throws: ``Forest/ForestError`` if there are not as many names as things to name.
    public func renamed(features: [String]? = nil, classes: [String]? = nil) throws(ForestError) -> ScoringModel {
        switch self {
        case .forest(let forest): .forest(try forest.renamed(features: features, classes: classes))
        case .graph(let graph): .graph(try graph.renamed(features: features, classes: classes))
        }
    }
}
