import Bytes
import Forest
import ForestFormats
import Foundation
import Tables
import Testing

/// Models, rows and predictions that the real libraries made; they are not part of the package.
enum Fixtures {
    static let folder: String? = {
        let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
        let named = ProcessInfo.processInfo.environment["PATTERNALARM_FIXTURES"]
        let folder = named ?? here + "/../../../shared/data/forest"
        if FileManager.default.fileExists(atPath: folder + "/index.json") { return folder }
        print("skipped: there is no folder of library fixtures (PATTERNALARM_FIXTURES)")
        return nil
    }()

    static func bytes(_ name: String) throws -> [UInt8] {
        guard let folder else { return [] }
        return Array(try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name)))
    }

    /// Rows of a CSV file, as many values each as it has columns.
    static func rows(_ name: String) throws -> NumberRows {
        let lines = try bytes(name).split(separator: 0x0A)
        var rows = try NumberRows(header: lines[0])
        for line in lines.dropFirst() { try line.withUnsafeBufferPointer { line throws in try rows.append(line) } }
        return rows
    }

    /// Columns of 64-bit numbers.
    static func columns(_ name: String) throws -> [(name: String, values: [Double])] {
        let lines = String(decoding: try bytes(name), as: UTF8.self).split(separator: "\n")
        var columns = lines[0].split(separator: ",").map { (name: String($0), values: [Double]()) }
        for line in lines.dropFirst() {
            for (index, field) in line.split(separator: ",").enumerated() {
                columns[index].values.append(Double(String(field)) ?? .nan)
            }
        }
        return columns
    }
}

@Suite(.enabled(if: Fixtures.folder != nil)) struct LibraryFixtureTests {
    struct Fixture: CustomStringConvertible, Sendable {
        var name: String
        var kind: String
        var file: String
        var rows: String

        var description: String { file }
    }

    static let fixtures: [Fixture] = {
        guard Fixtures.folder != nil, case .object(let members)? = try? JSONValue.parse(Fixtures.bytes("index.json"))
        else { return [] }
        return members.flatMap { member in
            (member.value["files"]?.textList ?? []).map { file in
                Fixture(
                    name: member.key,
                    kind: member.value["kind"]?.text ?? "",
                    file: file,
                    rows: member.value["rows"]?.text ?? ""
                )
            }
        }
    }()

    /// Every file gives its library's predictions; margins of XGBoost and LightGBM to the last bit.
    @Test(arguments: fixtures.filter { !$0.file.hasPrefix("skl_") || $0.file.hasSuffix(".onnx") })
    func everyFileGivesTheLibrarysPredictions(fixture: Fixture) throws {
        if fixture.name == "lgb_linear_tree" {
            #expect(throws: ForestError.self) { try ImportedModel(decoding: try Fixtures.bytes(fixture.file)) }
            return
        }
        let model = try ImportedModel(decoding: try Fixtures.bytes(fixture.file)).forest
        let reference = ReferenceForest(model)
        let rows = try Fixtures.rows(fixture.rows + ".rows.csv")
        let expected = try Fixtures.columns(fixture.name + ".expected.csv")
        let width = rows.names.count
        let isOne = model.outputCount == 1
        var largest = 0.0
        for row in 0..<expected[0].values.count {
            let source = Array(rows.values[row * width..<row * width + model.featureNames.count])
            let margins = reference.margins(of: source)
            let results = reference.results(of: source)
            let best = results.indices.reduce(0) { results[$1] > results[$0] ? $1 : $0 }
            for column in expected {
                let stem = column.name.prefix { !$0.isNumber }
                let index = Int(column.name.dropFirst(stem.count)) ?? 0
                let value = column.values[row]
                switch stem {
                case "margin":
                    #expect(Float(margins[index]) == Float(value), "row \(row)")
                case "raw":
                    #expect(margins[index] == value, "row \(row)")
                case "label":
                    #expect(model.classNames[best] == String(Int(value)), "row \(row)")
                case "pred" where fixture.name == "xgb_softmax":
                    #expect(best == Int(value), "row \(row)")
                default:
                    let result = !model.classNames.isEmpty && isOne && expected.count < 3 ? results[1] : results[index]
                    let difference = abs(result - value) / (model.classNames.isEmpty ? max(1, abs(value)) : 1)
                    largest = max(largest, difference)
                    #expect(difference <= 1e-6, "row \(row), \(column.name): \(result), not \(value)")
                }
            }
        }
        print("\(fixture.file): \(model.trees.count) trees, largest difference \(largest)")
    }
}
