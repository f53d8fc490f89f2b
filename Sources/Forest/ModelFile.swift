import Bytes

/// A model as a file: the forest, and what a person wants to know about how it came to be.
///
/// JSON: `format`, `features`, `kind` ("classification", "regression", "anomaly"), `classes`, `outputs`, `base`,
/// `aggregation`, `link`, `precision`, `zero_is_missing` (indices of features), `calibration`, `metadata`, `trees`, and
/// at the very end `crc32c`, the checksum of all bytes before its comma. Version 1 had no checksum; versions 1 and 2
/// knew random forests only: `features`, `classes`, `metadata`, `trees`. Version 4 is written for what version 3 cannot
/// say: `rows` ("double": rows and thresholds are of 64 bits) and `categories` (objects with `feature`, its index,
/// `names`, and `numbers` if the names are numbers). The same model gives the same bytes.
///
/// A tree's nodes are listed depth first, left before right, so the links need not be stored: `feature` of every node
/// (-1 = leaf); `threshold`, `missing` ("l"/"r") and, unless all are "<", `tests` ("<", "=", "c") of the inner ones;
/// `sets` (words of 32 bits) that "c" nodes name by their threshold; `cover` of the leaves, or of all nodes where inner
/// ones are not the sums of their children; `leaves`: one number each if the tree has an `output` or the model only
/// one, else for each leaf how many of its values are not 0, then position and value of each.
public struct ModelFile: Sendable, Equatable {
    public static let format = "patternalarm-forest/4"
    private static let formatOfSingleRows = "patternalarm-forest/3"
    private static let formatOfRandomForests = "patternalarm-forest/2"
    private static let formatWithoutChecksum = "patternalarm-forest/1"

    public var forest: ForestModel
    public var metadata: JSONValue

    public init(forest: ForestModel, metadata: JSONValue) {
        self.forest = forest
        self.metadata = metadata
    }

    /// The file's bytes; the same model gives the same ones.
    public func encoded() -> [UInt8] {
        let isPlain = forest.rowPrecision == .single && forest.categories.isEmpty
        var members: [JSONValue.Member] = [
            .init("format", .text(isPlain ? Self.formatOfSingleRows : Self.format)),
            .init("features", .list(forest.featureNames.map { .text($0) })),
        ]
        switch forest.kind {
        case .classification(let names):
            members.append(.init("kind", .text("classification")))
            members.append(.init("classes", .list(names.map { .text($0) })))
        case .regression: members.append(.init("kind", .text("regression")))
        case .anomaly: members.append(.init("kind", .text("anomaly")))
        }
        members += [
            .init("outputs", .number(Double(forest.outputCount))),
            .init("base", Self.numbers(forest.base, forest.precision)),
            .init("aggregation", Self.value(of: forest.aggregation)),
            .init("link", Self.value(of: forest.link)),
            .init("precision", .text(forest.precision == .single ? "single" : "double")),
        ]
        if forest.rowPrecision == .double { members.append(.init("rows", .text("double"))) }
        if !forest.categories.isEmpty { members.append(.init("categories", Self.value(of: forest.categories))) }
        let zeros = forest.zeroIsMissing.indices.filter { forest.zeroIsMissing[$0] }
        if !zeros.isEmpty { members.append(.init("zero_is_missing", .numbers(zeros.map { Double($0) }))) }
        if let calibration = forest.calibration { members.append(.init("calibration", Self.value(of: calibration))) }
        members += [
            .init("metadata", metadata),
            .init("trees", .list(forest.trees.map { Self.value(of: $0, forest) })),
        ]
        var out: [UInt8] = []
        JSONValue.object(members).write(into: &out)
        out.removeLast()
        out += Self.ending(of: out[...])
        return out
    }

    /// What follows the last member that the checksum covers.
    package static func ending(of body: ArraySlice<UInt8>) -> [UInt8] {
        let digits = String(Checksum.crc32c(Array(body)), radix: 16)
        return Array(",\"crc32c\":\"\(String(repeating: "0", count: 8 - digits.count))\(digits)\"}\n".utf8)
    }

    package static let endingBytes = 22

    /// Reads a model file, whoever wrote it: everything is checked, memory is proportional to the file.
    public init(decoding bytes: [UInt8]) throws(ForestError) {
        let root: JSONValue
        do throws(JSONFault) {
            root = try JSONValue.parse(bytes)
        } catch {
            throw .syntax(position: error.position, words: error.words)
        }
        let format = root["format"]?.text
        switch format {
        case Self.format, Self.formatOfSingleRows, Self.formatOfRandomForests:
            let body = bytes.dropLast(Self.endingBytes)
            guard Array(bytes[body.endIndex...]) == Self.ending(of: body) else {
                throw .invalid(part: "crc32c", words: "the file is not what was written: its checksum is wrong")
            }
        case Self.formatWithoutChecksum: break
        default: throw .invalid(part: "format", words: "it is not \"\(Self.format)\"")
        }
        guard let features = root["features"]?.textList else {
            throw .invalid(part: "features", words: "a list of names is missing")
        }
        guard case .list(let sources)? = root["trees"] else {
            throw .invalid(part: "trees", words: "the list is missing")
        }
        let classes = root["classes"]?.textList
        let isGeneral = format == Self.format || format == Self.formatOfSingleRows
        let outputs = isGeneral ? try Self.integer(root, "outputs", below: ForestModel.outputLimit + 1) : classes?.count
        guard let outputs, outputs > 0 else { throw .invalid(part: "classes", words: "a list of names is missing") }
        let precision = isGeneral ? try Self.precision(root["precision"], "precision") : .single
        var rowPrecision = ForestModel.Precision.single
        if format == Self.format, let rows = root["rows"] { rowPrecision = try Self.precision(rows, "rows") }
        // A leaf lists only what is not 0, so a small file could ask for large tables.
        var cells = 1_000_000 + 32 * bytes.count
        var trees: [Tree] = []
        for (index, source) in sources.enumerated() {
            let reader = TreeReader(
                index: index,
                features: features.count,
                outputs: outputs,
                isGeneral: isGeneral,
                isSingle: !isGeneral || precision == .single,
                hasSingleThresholds: rowPrecision == .single
            )
            trees.append(try reader.tree(source, cells: &cells))
        }
        metadata = root["metadata"] ?? .object([])
        if isGeneral {
            forest = try Self.forest(
                root,
                features: features,
                classes: classes,
                outputs: outputs,
                trees: trees,
                precision,
                rowPrecision
            )
        } else {
            forest = try ForestModel(featureNames: features, classNames: classes ?? [], trees: trees)
        }
    }

    private static func forest(
        _ root: JSONValue,
        features: [String],
        classes: [String]?,
        outputs: Int,
        trees: [Tree],
        _ precision: ForestModel.Precision,
        _ rowPrecision: ForestModel.Precision
    ) throws(ForestError) -> ForestModel {
        let kind: ForestModel.Kind
        switch root["kind"]?.text {
        case "classification":
            guard let classes else { throw .invalid(part: "classes", words: "a list of names is missing") }
            kind = .classification(classNames: classes)
        case "regression": kind = .regression
        case "anomaly": kind = .anomaly
        default: throw .invalid(part: "kind", words: "it is not classification, regression or anomaly")
        }
        guard let base = root["base"]?.numberList else { throw .invalid(part: "base", words: "numbers are missing") }
        var zeroIsMissing: [Bool] = []
        if let zeros = root["zero_is_missing"]?.numberList {
            zeroIsMissing = Array(repeating: false, count: features.count)
            for value in zeros {
                guard let index = Int(exactly: value), features.indices.contains(index) else {
                    throw .invalid(part: "zero_is_missing", words: "it names a feature that does not exist")
                }
                zeroIsMissing[index] = true
            }
        }
        return try ForestModel(
            featureNames: features,
            kind: kind,
            outputCount: outputs,
            trees: trees,
            base: precision == .single ? base.map { Double(Float($0)) } : base,
            aggregation: aggregation(root["aggregation"]),
            link: link(root["link"]),
            precision: precision,
            rowPrecision: rowPrecision,
            zeroIsMissing: zeroIsMissing,
            calibration: calibration(root["calibration"]),
            categories: categories(root["categories"])
        )
    }

    /// Numbers of a single precision are spelled as such: half the digits.
    static func numbers(_ values: [Double], _ precision: ForestModel.Precision) -> JSONValue {
        precision == .single ? .numbers(values) : .exactNumbers(values)
    }

    private static func precision(
        _ source: JSONValue?,
        _ part: String
    ) throws(ForestError) -> ForestModel.Precision {
        switch source?.text {
        case "single": return .single
        case "double": return .double
        default: throw .invalid(part: part, words: "it is not single or double")
        }
    }

    private static func integer(_ source: JSONValue, _ name: String, below limit: Int) throws(ForestError) -> Int {
        guard let number = source[name]?.number, let integer = Int(exactly: number), integer >= 0, integer < limit
        else {
            throw .invalid(part: name, words: "it is not a number from 0 to \(limit - 1)")
        }
        return integer
    }
}

/// The small parts: each is an object with `name`, and a parameter where there is one.
extension ModelFile {
    private static func value(of aggregation: ForestModel.Aggregation) -> JSONValue {
        switch aggregation {
        case .sum: .object([.init("name", .text("sum"))])
        case .average(let count):
            .object([.init("name", .text("average")), .init("over", .number(Double(count)))])
        case .minimum: .object([.init("name", .text("minimum"))])
        case .maximum: .object([.init("name", .text("maximum"))])
        }
    }

    private static func aggregation(_ source: JSONValue?) throws(ForestError) -> ForestModel.Aggregation {
        switch source?["name"]?.text {
        case "sum": return .sum
        case "average": return .average(over: try integer(source ?? .null, "over", below: ForestModel.nodeLimit))
        case "minimum": return .minimum
        case "maximum": return .maximum
        default: throw .invalid(part: "aggregation", words: "it is not sum, average, minimum or maximum")
        }
    }

    private static func value(of link: ForestModel.Link) -> JSONValue {
        switch link {
        case .identity: .object([.init("name", .text("identity"))])
        case .sigmoid(let scale):
            .object([.init("name", .text("sigmoid")), .init("parameters", .exactNumbers([scale]))])
        case .softmax: .object([.init("name", .text("softmax"))])
        case .exponential: .object([.init("name", .text("exponential"))])
        case .isolation(let depth):
            .object([.init("name", .text("isolation")), .init("parameters", .exactNumbers([depth]))])
        }
    }

    private static func link(_ source: JSONValue?) throws(ForestError) -> ForestModel.Link {
        let parameter = source?["parameters"]?.numberList?.first ?? .nan
        switch source?["name"]?.text {
        case "identity": return .identity
        case "sigmoid": return .sigmoid(scale: parameter)
        case "softmax": return .softmax
        case "exponential": return .exponential
        case "isolation": return .isolation(expectedDepth: parameter)
        default: throw .invalid(part: "link", words: "it is not identity, sigmoid, softmax, exponential or isolation")
        }
    }

    private static func value(of categories: [Int: CategoryNames]) -> JSONValue {
        .list(
            categories.sorted { $0.key < $1.key }.map { feature, categories in
                .object([
                    .init("feature", .number(Double(feature))),
                    .init("names", .list(categories.names.map { .text($0) })),
                    .init("numbers", .bool(categories.areNumbers)),
                ])
            }
        )
    }

    private static func categories(_ source: JSONValue?) throws(ForestError) -> [Int: CategoryNames] {
        guard let source else { return [:] }
        func refuse() -> ForestError {
            .invalid(part: "categories", words: "they are not features with lists of names")
        }
        guard case .list(let sources) = source else { throw refuse() }
        var categories: [Int: CategoryNames] = [:]
        for source in sources {
            let feature = try integer(source, "feature", below: ForestModel.nameLimit)
            guard let names = source["names"]?.textList, case .bool(let areNumbers)? = source["numbers"],
                categories[feature] == nil
            else { throw refuse() }
            categories[feature] = CategoryNames(names, areNumbers: areNumbers)
        }
        return categories
    }

    private static func value(of calibration: Calibration) -> JSONValue {
        let negative = JSONValue.Member("negative_class", .number(Double(calibration.negativeClass)))
        return switch calibration.map {
        case .platt(let slope, let intercept):
            .object([
                .init("name", .text("platt")), negative, .init("parameters", .exactNumbers([slope, intercept])),
            ])
        case .isotonic(let scores, let values):
            .object([
                .init("name", .text("isotonic")), negative, .init("scores", .exactNumbers(scores)),
                .init("values", .exactNumbers(values)),
            ])
        }
    }

    private static func calibration(_ source: JSONValue?) throws(ForestError) -> Calibration? {
        guard let source else { return nil }
        let negative = try integer(source, "negative_class", below: ForestModel.outputLimit)
        switch source["name"]?.text {
        case "platt":
            let line = source["parameters"]?.numberList ?? []
            guard line.count == 2 else { throw .invalid(part: "calibration", words: "slope or intercept is missing") }
            let map = Calibration.Map.platt(slope: line[0], intercept: line[1])
            return Calibration(map: map, negativeClass: negative)
        case "isotonic":
            let map = Calibration.Map.isotonic(
                scores: source["scores"]?.numberList ?? [],
                values: source["values"]?.numberList ?? []
            )
            return Calibration(map: map, negativeClass: negative)
        default: throw .invalid(part: "calibration", words: "it is not platt or isotonic")
        }
    }
}
