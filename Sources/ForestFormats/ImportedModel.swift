import Bytes
import Forest
import Models
import TensorGraph

/// The kinds of file that hold models.
public enum ModelFormat: String, Sendable, CaseIterable {
    case patternalarm
    case xgboostJSON = "xgboost-json"
    case xgboostUBJSON = "xgboost-ubjson"
    case lightgbm
    case onnx
}

extension ScoringModel {
    /// The names that features without names of their own may have in a file; empty if the model has its own.
    ///
    /// f0, f1 … is what XGBoost and we call them, Column_0 … LightGBM, and 0, 1 … what pandas writes for an array.
    public var generatedNames: [[String]] {
        let schemes = ["f", "Column_", ""].map { prefix in featureNames.indices.map { prefix + String($0) } }
        return schemes.contains(featureNames) ? schemes : []
    }
}

/// A model read from a file of any supported format.
public struct ImportedModel: Sendable {
    public var model: ScoringModel
    public var format: ModelFormat
    /// What a file of our own says beside the forest; empty for others.
    public var metadata: JSONValue
    /// What a person should know before using it, in sentences.
    public var notes: [String]

    /// The model, if it is a forest alone.
    ///
    /// - Throws: ``Forest/ForestError/unsupported(words:)`` if it is a graph of operators.
    public var forest: ForestModel {
        get throws(ForestError) {
            guard case .forest(let forest) = model else {
                throw .unsupported(words: "a graph of operators around trees, where a forest alone is needed")
            }
            return forest
        }
    }

    /// A file of our own.
    public static func encode(_ model: ScoringModel, metadata: JSONValue) -> [UInt8] {
        switch model {
        case .forest(let forest): ModelFile(forest: forest, metadata: metadata).encoded()
        case .graph(let graph): GraphFile.encode(graph, metadata: metadata)
        }
    }

    /// Reads a model; the format is told by the content. Time and memory are proportional to the bytes.
    ///
    /// - Parameters:
    ///   - bytes: The whole file.
    ///   - upToBest: Only the trees up to the iteration that training noted as its best.
    /// - Throws: ``Forest/ForestError``: what is wrong with it, or what it asks for that is not supported.
    public init(decoding bytes: [UInt8], upToBest: Bool = false) throws(ForestError) {
        // Editors put a byte order mark in front of text.
        let bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        let format = try Self.format(of: bytes)
        self.format = format
        metadata = .object([])
        notes = []
        guard !upToBest || format == .xgboostJSON || format == .xgboostUBJSON else {
            throw .unsupported(words: "only XGBoost's files note a best iteration (LightGBM saves no trees behind it)")
        }
        switch format {
        case .patternalarm:
            if GraphFile.isOne(bytes) {
                (model, metadata) = try GraphFile.decode(bytes)
            } else {
                let file = try ModelFile(decoding: bytes)
                model = .forest(file.forest)
                metadata = file.metadata
            }
        case .xgboostJSON:
            let root: JSONValue
            do throws(JSONFault) {
                root = try JSONValue.parse(bytes)
            } catch {
                throw .syntax(position: error.position, words: error.words)
            }
            let contents = try XGBoostReader.read(root, size: bytes.count, upToBest: upToBest)
            (model, notes, metadata) = (.forest(contents.forest), contents.notes, Self.metadata(contents))
        case .xgboostUBJSON:
            let contents = try XGBoostReader.read(UBJSON.parse(bytes), size: bytes.count, upToBest: upToBest)
            (model, notes, metadata) = (.forest(contents.forest), contents.notes, Self.metadata(contents))
        case .lightgbm:
            let (forest, notes) = try LightGBMReader.read(bytes)
            model = .forest(forest)
            self.notes = notes
        case .onnx: model = try ONNXReader.read(bytes)
        }
    }

    private static func metadata(_ contents: XGBoostReader.Contents) -> JSONValue {
        .object(contents.predictsClass ? [.init("predicts", .text("class"))] : [])
    }

    /// Whether what the model's library predicts is the class, not the classes' probabilities.
    public static func predictsClass(_ metadata: JSONValue) -> Bool { metadata["predicts"]?.text == "class" }

    private static let catBoost = ForestError.unsupported(words: "CatBoost's own format: export it to ONNX")

    /// Tells the format by the first bytes.
    ///
    /// - Parameter bytes: The whole file.
    /// - Returns: What it claims to be; nothing is checked yet.
    /// - Throws: ``Forest/ForestError/unsupported(words:)`` with a way out for files of other kinds.
    static func format(of bytes: [UInt8]) throws(ForestError) -> ModelFormat {
        func begins(_ text: String) -> Bool { bytes.starts(with: Array(text.utf8)) }
        let spaces: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
        let first = bytes.firstIndex { !spaces.contains($0) } ?? bytes.endIndex
        guard first < bytes.endIndex else { throw .unsupported(words: "the file is empty") }
        if bytes[first] == 0x7B {
            let second = bytes[(first + 1)...].first { !spaces.contains($0) }
            guard second == 0x22 || second == 0x7D || second == nil else { return .xgboostUBJSON }
            // Our own files begin with their format; a member of that name elsewhere is the reader's business.
            let head = String(decoding: bytes[first...].prefix(200).filter { !spaces.contains($0) }, as: UTF8.self)
            let catBoost = [
                "features_info", "ctr_data", "class_params", "model_info", "oblivious_trees", "scale_and_bias",
            ]
            if catBoost.contains(where: { head.hasPrefix("{\"\($0)\":") }) { throw Self.catBoost }
            return head.hasPrefix("{\"format\":\"patternalarm") ? .patternalarm : .xgboostJSON
        }
        if begins("tree\n") || begins("tree\r\n") || begins("version=v") { return .lightgbm }
        if begins("binf") || begins("\u{0}\u{0}") {
            throw .unsupported(words: "XGBoost's old binary format: save it again with save_model(\"model.json\")")
        }
        if begins("CBM1") { throw Self.catBoost }
        if bytes.starts(with: [0x80]) {
            throw .unsupported(words: "a Python pickle, which only Python can read: export it with skl2onnx")
        }
        if bytes.starts(with: [0x1F, 0x8B]) || bytes.starts(with: [0x50, 0x4B]) {
            throw .unsupported(words: "a compressed file: unpack it first")
        }
        // An ONNX file is a protobuf message whose first member is usually the version, a small number.
        if ONNXReader.looksRight(bytes) { return .onnx }
        throw .unsupported(
            words: "not a model in a known format (XGBoost JSON or UBJSON, LightGBM text, ONNX, or our own)"
        )
    }
}
