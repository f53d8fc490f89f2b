import Base
import Bytes
import Forest
import ForestFormats
import Foundation
import Models
import TensorGraph
import Testing

/// Files made to break a reader: refused with a reason, in bounded time and memory.
@Suite struct HostileFileTests {
    private func refusal(_ bytes: [UInt8]) -> String {
        do {
            _ = try ImportedModel(decoding: bytes)
            return ""
        } catch {
            return error.description
        }
    }

    private func xgboost(left: [Double], right: [Double]) -> [UInt8] {
        let zeros = JSONValue.numbers(Array(repeating: 0, count: left.count))
        let tree = JSONValue.object([
            .init("left_children", .numbers(left)), .init("right_children", .numbers(right)),
            .init("split_indices", zeros), .init("split_conditions", zeros), .init("default_left", zeros),
        ])
        var out: [UInt8] = []
        JSONValue.object([
            .init(
                "learner",
                .object([
                    .init(
                        "gradient_booster",
                        .object([
                            .init("name", .text("gbtree")),
                            .init(
                                "model",
                                .object([.init("tree_info", .numbers([0])), .init("trees", .list([tree]))])
                            ),
                        ])
                    ),
                    .init(
                        "learner_model_param",
                        .object([
                            .init("num_feature", .text("1")), .init("base_score", .text("0")),
                        ])
                    ),
                    .init("objective", .object([.init("name", .text("reg:squarederror"))])),
                ])
            )
        ]).write(into: &out)
        return out
    }

    @Test func aMillionLevels() {
        let levels = 1_000_000
        var left: [Double] = []
        var right: [Double] = []
        for level in 0..<levels {
            left += [Double(level * 2 + 1), -1]
            right += [Double(level * 2 + 2), -1]
        }
        #expect(refusal(xgboost(left: left + [-1], right: right + [-1])).contains("deeper than"))
        #expect(refusal(xgboost(left: right + [-1], right: left + [-1])).contains("deeper than"))
    }

    @Test func cycles() {
        #expect(refusal(xgboost(left: [1, 0], right: [1, 0])).contains("two ways"))
        #expect(refusal(xgboost(left: [0], right: [0])).contains("two ways"))
        // Every leaf shared by two parents.
        #expect(refusal(xgboost(left: [1, 3, 3, -1, -1], right: [2, 4, 4, -1, -1])).contains("two ways"))
    }

    @Test func nestingAndNonsense() {
        let deep = Array(repeating: UInt8(0x5B), count: 1_000_000)
        #expect(refusal(Array("{\"a\":".utf8) + deep).contains("nested"))
        #expect(refusal(Array("{L".utf8) + [0, 0, 0, 0, 0, 0, 0, 1, 0x61] + deep).contains("nested"))
        #expect(refusal([]).contains("empty"))
        #expect(refusal(Array("hello".utf8)) != "")
        #expect(refusal([0x80, 0x04, 0x95]).contains("pickle"))
        #expect(refusal(Array("CBM1".utf8)).contains("CatBoost"))
        #expect(refusal(Array("{\n  \"features_info\":\n {}}".utf8)).contains("CatBoost"))
        #expect(refusal(Array("binf".utf8)).contains("save_model"))
        #expect(refusal(Array("{}".utf8)).contains("learner"))
        #expect(refusal([0x1F, 0x8B, 8]).contains("compressed"))
    }

    /// Counts of UBJSON that the file cannot hold.
    @Test(arguments: ["[$d#L", "[$U#L", "[#L", "SL", "[$T#L", "[$Z#L", "{#L", "{$d#L"])
    func countsThatLie(head: String) {
        for count: Int64 in [1 << 62, 1_000_000_000, -1, 9] {
            let bytes = Array("{L".utf8) + [0, 0, 0, 0, 0, 0, 0, 1, 0x61] + Array(head.utf8)
            let lie = withUnsafeBytes(of: count.bigEndian) { Array($0) }
            #expect(refusal(bytes + lie).contains("UBJSON"))
        }
    }

    @Test func protobufLengthsThatLie() {
        // A graph of 2⁶⁰ bytes; a number without end; a group; a field that does not exist.
        #expect(refusal([0x08, 0x08, 0x3A] + Array(repeating: 0xFF, count: 8) + [0x10]).contains("length"))
        #expect(refusal([0x08, 0x08, 0x3A] + Array(repeating: 0xFF, count: 20)).contains("ten bytes"))
        #expect(refusal([0x08, 0x08, 0x3B]).contains("wire type"))
        #expect(refusal([0x08, 0x08]).contains("graph"))
    }

    /// A category of sixteen million in a thousand nodes would be two gigabytes of bits.
    @Test func largeCategories() throws {
        let count = 1000
        let splits = (0..<count).map { Double($0) }
        let nodes = JSONValue.numbers(splits)
        let zeros = JSONValue.numbers(Array(repeating: 0, count: count * 2 + 1))
        let tree: [JSONValue.Member] = [
            .init("left_children", .numbers(splits.map { $0 * 2 + 1 } + Array(repeating: -1, count: count + 1))),
            .init("right_children", .numbers(splits.map { $0 * 2 + 2 } + Array(repeating: -1, count: count + 1))),
            .init("split_indices", zeros), .init("split_conditions", zeros), .init("default_left", zeros),
            .init("split_type", .numbers(Array(repeating: 1, count: count * 2 + 1))), .init("categories_nodes", nodes),
            .init("categories_segments", nodes), .init("categories_sizes", .numbers(Array(repeating: 1, count: count))),
            .init("categories", .numbers(Array(repeating: 16_777_215, count: count))),
        ]
        let text = String(decoding: xgboost(left: [-1], right: [-1]), as: UTF8.self)
        var inner: [UInt8] = []
        JSONValue.object(tree).write(into: &inner)
        let start = try #require(text.range(of: "{\"left_children\""))
        let end = try #require(text.range(of: "\"default_left\":[0]}"))
        let whole = text.replacingCharacters(
            in: start.lowerBound..<end.upperBound,
            with: String(decoding: inner, as: UTF8.self)
        )
        #expect(refusal(Array(whole.utf8)).contains("memory"))
    }
}

/// Random changes of good files: a model that can be scored, or an error; never a trap, and never much memory.
@Suite struct FuzzTests {
    /// Seconds for each importer; without a number a fixed count of changes is tried.
    private static let seconds = ProcessInfo.processInfo.environment["PATTERNALARM_FUZZ_SECONDS"].flatMap { Double($0) }
    private static let changes = 4000

    private static func seeds(_ format: ModelFormat) throws -> [[UInt8]] {
        var random = Seeded(seed: 17)
        var seeds: [[UInt8]] = []
        for _ in 0..<12 {
            switch format {
            case .patternalarm:
                let model = try Samples.model(&random, tests: [.less, .equal, .inSet])
                let text = String(decoding: ModelFile(forest: model, metadata: .object([])).encoded(), as: UTF8.self)
                // Version 1 has no checksum, so that changes come through; random forests only.
                seeds.append(Array(text.utf8))
                let classes = (0..<max(2, model.outputCount)).map { "\"c\($0)\"" }.joined(separator: ",")
                let old = text.replacing("-forest/3", with: "-forest/1").replacing(
                    "\"metadata\"",
                    with: "\"classes\":[\(classes)],\"metadata\""
                )
                seeds.append(Array(old.utf8))
            case .xgboostJSON: seeds.append(try XGBoostWriter.encode(Samples.model(&random, tests: [.less, .inSet])))
            case .xgboostUBJSON:
                let model = try Samples.model(&random, tests: [.less, .inSet])
                seeds.append(Samples.ubjson(try JSONValue.parse(XGBoostWriter.encode(model))))
            case .lightgbm: seeds.append(Array(Samples.lightGBM.utf8))
            case .onnx:
                seeds.append(try ONNXWriter.encode(Samples.model(&random, tests: [.less, .equal])))
                seeds.append(ONNXSample.version5)
                seeds.append(ONNXSample.pipeline)
                seeds.append(ONNXSample.texts)
            }
        }
        return seeds
    }

    /// Flips, cuts, copies, insertions, and numbers at the edges of their types.
    private static func changed(_ bytes: [UInt8], _ random: inout Seeded) -> [UInt8] {
        var bytes = bytes
        for _ in 0...random.below(4) {
            guard !bytes.isEmpty else { return bytes }
            let place = random.below(bytes.count)
            switch random.below(8) {
            case 0: bytes[place] ^= 1 << UInt8(random.below(8))
            case 1: bytes[place] = UInt8(truncatingIfNeeded: random.next())
            case 2: bytes.removeSubrange(place..<min(bytes.count, place + 1 + random.below(9)))
            case 3:
                let piece = Array(bytes[place..<min(bytes.count, place + 1 + random.below(40))])
                bytes.insert(contentsOf: piece, at: random.below(bytes.count + 1))
            case 4: bytes[place] = [0, 0x7F, 0x80, 0xFF, 0x30, 0x39, 0x2D, 0x5B][random.below(8)]
            case 5:
                let words = [
                    "1e308", "-1", "4294967296", "9223372036854775807", "nan", "inf", "[", "{}", "0.5", "\"\"",
                ]
                let word = Array(words[random.below(words.count)].utf8)
                bytes.replaceSubrange(place..<min(bytes.count, place + random.below(5)), with: word)
            case 6:
                for index in place..<min(bytes.count, place + 8) { bytes[index] = random.below(2) == 0 ? 0xFF : 0x7F }
            default: if random.below(4) == 0 { bytes.removeSubrange(place...) }
            }
        }
        return bytes
    }

    @Test(arguments: ModelFormat.allCases)
    func changedFilesNeverTrap(format: ModelFormat) throws {
        let seeds = try Self.seeds(format)
        for seed in seeds where !seed.contains(0x31) || format != .patternalarm {
            _ = try ImportedModel(decoding: seed)
        }
        var random = Seeded(seed: 99)
        let end = ContinuousClock.now.advanced(by: .seconds(Self.seconds ?? 0))
        var tried = 0
        var accepted = 0
        while Self.seconds == nil ? tried < Self.changes : ContinuousClock.now < end {
            tried += 1
            let bytes = Self.changed(seeds[random.below(seeds.count)], &random)
            do {
                let imported = try ImportedModel(decoding: bytes)
                accepted += 1
                if case .graph(let graph) = imported.model {
                    let row = Samples.row(&random, graph.featureNames.count).map { Double($0) }
                    #expect(graph.results(of: row + row).count == 2 * graph.resultCount)
                    continue
                }
                let model = try imported.forest
                let cells = model.trees.reduce(0) { $0 + $1.leaves.count + $1.categoryWords.count }
                #expect(cells <= 1_000_000 + 33 * bytes.count)
                let row = Samples.row(&random, model.featureNames.count)
                #expect(ReferenceForest(model).results(of: row).count == model.resultCount)
            } catch {
                #expect(!"\(error)".isEmpty)
            }
        }
        print("\(format.rawValue): \(tried) changed files, \(accepted) of them models")
    }
}
