import Bytes
import Foundation
import NIOCore
import Server
import Testing

@Suite struct EmbeddedFileTests {
    private static let data = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/../../Data"

    /// Whatever is in the folders of pages is in the executable, byte for byte.
    @Test func filesAreTheOnesInTheFolder() throws {
        var seen = 0
        for folder in ["api", "dashboard"] where FileManager.default.fileExists(atPath: "\(Self.data)/\(folder)") {
            for name in try FileManager.default.contentsOfDirectory(atPath: "\(Self.data)/\(folder)").sorted() {
                let file = try #require(
                    EmbeddedFile("\(folder)/\(name)", type: "x/y"),
                    "\(folder)/\(name) is not embedded"
                )
                let content = try Data(contentsOf: URL(fileURLWithPath: "\(Self.data)/\(folder)/\(name)"))
                let isSame = Array(file.bytes.readableBytesView) == Array(content)
                #expect(isSame, "\(folder)/\(name)")
                #expect(EmbeddedFile.names(in: folder).contains(name))
                seen += 1
            }
        }
        #expect(seen > 0)
        #expect(EmbeddedFile("api/../models/patternalarm.json", type: "x/y") == nil)
    }

    @Test func theDescriptionIsWhole() throws {
        let file = try #require(EmbeddedFile("api/openapi.json", type: "application/json"))
        let description = try JSONValue.parse(Array(file.bytes.readableBytesView))
        #expect(description["openapi"]?.text == "3.1.0")
        var names: Set<String> = []
        // Each operation has a name of its own, says what it answers, and who may ask.
        guard case .object(let paths) = description["paths"] else {
            Issue.record("no paths")
            return
        }
        for path in paths {
            guard case .object(let operations) = path.value else { continue }
            for operation in operations {
                let name = try #require(operation.value["operationId"]?.text)
                #expect(names.insert(name).inserted, "\(name)")
                #expect(operation.value["responses"]?["405"] != nil, "\(name)")
            }
        }
        #expect(names.count == 29)
    }
}
