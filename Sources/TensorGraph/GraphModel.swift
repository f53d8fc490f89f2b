public import Forest

/// A graph that makes probabilities or values of rows of numbers.
///
/// Rows do not mix: what a row gives does not depend on the rows beside it. A row that an operator has no answer for
/// gives NaN.
public struct GraphModel: Sendable {
    /// One of the graph's inputs: one or more columns of a row.
    public struct Input: Sendable {
        public enum Element: Sendable {
            case float, double, integer, bool, text
        }

        public var element: Element
        public var width: Int

        public init(element: Element, width: Int) {
            self.element = element
            self.width = width
        }
    }

    /// How large the forests in the graph are.
    public struct Size: Sendable {
        public var trees = 0
        public var nodes = 0
        public var depth = 0

        public init() {}
    }

    public private(set) var featureNames: [String]
    public private(set) var kind: ForestModel.Kind
    /// Of features that are texts: a row holds the number of a name.
    public let categories: [Int: CategoryNames]
    /// Results a row, as the graph has them.
    public let resultCount: Int
    public let size: Size
    /// Whether results are of 32 bits.
    public let isSingle: Bool

    private let graph: Graph
    private let inputs: [Input]
    /// The file that it was read from.
    public let source: [UInt8]

    /// Rows that run together.
    private static let chunk = 256
    /// A text that is none of a feature's categories.
    private static let unknown = "\u{0}"

    /// Tries the graph on a few rows.
    ///
    /// - Parameters:
    ///   - graph: Its first output are the results, [row][result]; of an anomaly model the second one how isolated rows
    ///     are.
    ///   - inputs: The columns of a row.
    ///   - featureNames: One a column.
    ///   - kind: What the results are.
    ///   - categories: Of columns of texts.
    ///   - size: How large its forests are.
    ///   - source: The file.
    /// - Throws: ``GraphFault`` if it gives no rows of results, or mixes rows.
    public init(
        _ graph: Graph,
        inputs: [Input],
        featureNames: [String],
        kind: ForestModel.Kind,
        categories: [Int: CategoryNames],
        size: Size,
        source: [UInt8]
    ) throws(GraphFault) {
        self.graph = graph
        self.inputs = inputs
        self.featureNames = featureNames
        self.kind = kind
        self.categories = categories
        self.size = size
        self.source = source
        let probes = Self.probes(inputs, categories)
        let width = featureNames.count
        let first = try Self.run(graph, inputs, categories, probes[0..<width], 1)
        guard first[0].shape.count == 2 || first[0].shape.count == 1, first[0].shape[0] == 1,
            !first[0].values.isText, first[0].count >= 1, first[0].count <= ForestModel.outputLimit
        else { throw .malformed("the results have the shape \(first[0].shape)") }
        resultCount = first[0].count
        if case .float = first[0].values { isSingle = true } else { isSingle = false }
        if case .classification(let names) = kind, names.count != resultCount {
            throw .malformed("\(names.count) classes, but \(resultCount) results")
        }
        try checkRows(probes)
    }

    private static let probeCount = 8

    /// Rows of all kinds of values.
    private static func probes(_ inputs: [Input], _ categories: [Int: CategoryNames]) -> [Double] {
        let values = [0, 1, -1, 0.5, 3, 100, 7.25, 40_000]
        let width = inputs.reduce(0) { $0 + $1.width }
        return (0..<probeCount).flatMap { row in
            (0..<width).map { column in
                categories[column].map { Double(row % max(1, $0.names.count)) }
                    ?? values[(row * 3 + column) % values.count]
            }
        }
    }

    /// A batch must give what its rows give alone.
    private func checkRows(_ probes: [Double]) throws(GraphFault) {
        let width = featureNames.count
        let alone = (0..<Self.probeCount).flatMap { results(of: Array(probes[$0 * width..<($0 + 1) * width])) }
        let together = results(of: probes)
        guard alone.map(\.bitPattern) == together.map(\.bitPattern) || alone.contains(where: \.isNaN) else {
            throw .malformed("the graph mixes the rows of a batch")
        }
        guard alone.contains(where: { !$0.isNaN }) else { throw .malformed("the graph gives no numbers") }
    }

    /// The results of rows, as the graph has them.
    ///
    /// - Parameter rows: [row][feature], NaN = missing.
    /// - Returns: [row][result]; NaN where the graph has none.
    public func results(of rows: [Double]) -> [Double] { values(of: rows, output: 0, width: resultCount) }

    /// What a detector takes: probabilities of the classes; of an anomaly model how isolated rows are, 0…1.
    public func scores(of rows: [Double]) -> [Double] {
        kind == .anomaly ? values(of: rows, output: 1, width: 1) : results(of: rows)
    }

    private func values(of rows: [Double], output: Int, width: Int) -> [Double] {
        let columns = featureNames.count
        let step = Self.chunk * columns
        return stride(from: 0, to: rows.count, by: step).flatMap { first in
            let part = rows[first..<min(first + step, rows.count)]
            let count = part.count / columns
            if let found = attempt(part, count, output, width) { return found }
            // What one of them has done must not reach the others.
            return (0..<count).flatMap { row in
                let start = part.startIndex + row * columns
                return attempt(part[start..<start + columns], 1, output, width) ?? Array(repeating: .nan, count: width)
            }
        }
    }

    private func attempt(_ rows: ArraySlice<Double>, _ count: Int, _ output: Int, _ width: Int) -> [Double]? {
        do throws(GraphFault) {
            let tensor = try Self.run(graph, inputs, categories, rows, count)[output]
            let values = try tensor.values.doubles()
            return values.count == count * width ? values : nil
        } catch {
            return nil
        }
    }

    private static func run(
        _ graph: Graph,
        _ inputs: [Input],
        _ categories: [Int: CategoryNames],
        _ rows: ArraySlice<Double>,
        _ count: Int
    ) throws(GraphFault) -> [Tensor] {
        let columns = inputs.reduce(0) { $0 + $1.width }
        var tensors: [Tensor] = []
        var first = 0
        for input in inputs {
            var values: [Double] = []
            values.reserveCapacity(count * input.width)
            for row in 0..<count {
                let start = rows.startIndex + row * columns + first
                values += rows[start..<start + input.width]
            }
            let typed: Tensor.Values
            switch input.element {
            case .float: typed = .float(values.map { Float($0) })
            case .double: typed = .double(values)
            case .bool: typed = .bool(values.map { $0 != 0 })
            case .integer: typed = .integer(try Tensor.Values.double(values).integers())
            case .text:
                typed = .text(
                    values.enumerated().map { index, value in
                        let names = categories[first + index % input.width]?.names ?? []
                        guard value >= 0, value < Double(names.count) else { return unknown }
                        return names[Int(value)]
                    }
                )
            }
            tensors.append(try Tensor(shape: [count, input.width], typed))
            first += input.width
        }
        return try graph.run(tensors)
    }
}

extension GraphModel {
    /// The same graph under other names, in the same order.
    ///
    /// - Parameters:
    ///   - features: nil = they stay.
    ///   - classes: nil = they stay.
    /// - Returns: A model that differs in nothing else.
    /// - Throws: ``Forest/ForestError`` if there are not as many names as things to name, or two alike.
    public func renamed(features: [String]? = nil, classes: [String]? = nil) throws(ForestError) -> GraphModel {
        var model = self
        if let features {
            guard features.count == featureNames.count, Set(features).count == features.count else {
                throw .invalid(part: "features", words: "there must be \(featureNames.count) different names")
            }
            model.featureNames = features
        }
        if let classes {
            guard case .classification(let names) = kind, names.count == classes.count,
                Set(classes).count == classes.count
            else { throw .invalid(part: "classes", words: "they do not fit the model's results") }
            model.kind = .classification(classNames: classes)
        }
        return model
    }
}

extension GraphModel.Size {
    /// Of a forest alone.
    public init(of forest: ForestModel) {
        trees = forest.trees.count
        nodes = forest.trees.reduce(0) { $0 + $1.nodeCount }
        depth = forest.trees.map(\.depth).max() ?? 0
    }
}
