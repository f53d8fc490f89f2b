import Bytes
import Forest
import Models
import TensorGraph

/// A graph of operators as a file of ours: the ONNX file as it was, and what we call its features and classes.
///
/// JSON: `format`, `features`, `classes` (empty unless it classifies), `metadata`, `onnx` (the file's bytes in base64),
/// and at the very end `crc32c`, as in a forest's file.
enum GraphFile {
    static let format = "patternalarm-graph/1"

    static func encode(_ graph: GraphModel, metadata: JSONValue) -> [UInt8] {
        var names: [String] = []
        if case .classification(let classes) = graph.kind { names = classes }
        var out: [UInt8] = []
        JSONValue.object([
            .init("format", .text(format)),
            .init("features", .list(graph.featureNames.map { .text($0) })),
            .init("classes", .list(names.map { .text($0) })),
            .init("metadata", metadata),
            .init("onnx", .text(String(decoding: Base64.encode(graph.source), as: UTF8.self))),
        ]).write(into: &out)
        out.removeLast()
        return out + ModelFile.ending(of: out[...])
    }

    /// Whether the file is one of these.
    static func isOne(_ bytes: [UInt8]) -> Bool {
        let head = String(decoding: bytes.prefix(200).filter { $0 > 0x20 }, as: UTF8.self)
        return head.hasPrefix("{\"format\":\"patternalarm-graph")
    }

    static func decode(_ bytes: [UInt8]) throws(ForestError) -> (model: ScoringModel, metadata: JSONValue) {
        let root: JSONValue
        do throws(JSONFault) { root = try JSONValue.parse(bytes) } catch {
            throw .syntax(position: error.position, words: error.words)
        }
        guard root["format"]?.text == format else { throw .invalid(part: "format", words: "it is not \"\(format)\"") }
        let body = bytes.dropLast(ModelFile.endingBytes)
        guard Array(bytes[body.endIndex...]) == ModelFile.ending(of: body) else {
            throw .invalid(part: "crc32c", words: "the file is not what was written: its checksum is wrong")
        }
        guard let text = root["onnx"]?.text, let source = Base64.decode(Array(text.utf8)),
            let features = root["features"]?.textList, let classes = root["classes"]?.textList
        else { throw .invalid(part: "onnx", words: "the graph or its names are missing") }
        let model = try ONNXReader.read(source)
        return (
            try model.renamed(features: features, classes: classes.isEmpty ? nil : classes),
            root["metadata"] ?? .object([])
        )
    }
}

/// Bytes as text (RFC 4648).
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let count = min(3, bytes.count - start)
            var word = 0
            for index in 0..<3 { word = word << 8 | (index < count ? Int(bytes[start + index]) : 0) }
            for index in 0..<4 {
                out.append(index <= count ? alphabet[word >> (18 - 6 * index) & 63] : 0x3D)
            }
        }
        return out
    }

    /// Nil if it is not what ``encode(_:)`` gives.
    static func decode(_ text: [UInt8]) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var values = Array(repeating: -1, count: 256)
        for (value, letter) in alphabet.enumerated() { values[Int(letter)] = value }
        let padding = text.reversed().prefix { $0 == 0x3D }.count
        guard padding <= 2 else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(text.count / 4 * 3)
        for start in stride(from: 0, to: text.count, by: 4) {
            let isLast = start + 4 == text.count
            var word = 0
            for index in 0..<4 {
                let isPadding = isLast && index >= 4 - padding
                let value = isPadding ? 0 : values[Int(text[start + index])]
                guard value >= 0 else { return nil }
                word = word << 6 | value
            }
            for index in 0..<(isLast ? 3 - padding : 3) { out.append(UInt8(word >> (16 - 8 * index) & 255)) }
        }
        return out
    }
}
