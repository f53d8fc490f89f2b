import Foundation
import PipelineFiles
import Plan
import Testing

@Suite struct PipelineFileTests {
    private let text = """
        name: shop
        schema:
          time_zone: Europe/Berlin
          fields:
            id: {type: text, role: id}
            at: {type: time, role: time}
            payer: {type: text, required: true}
        entities: {who: payer}
        """

    private func words(_ body: () throws -> PipelineFile) -> String? {
        do {
            _ = try body()
            return nil
        } catch {
            return (error as? PipelineFileError)?.description
        }
    }

    @Test func builtInPipelines() throws {
        #expect(try PipelineFile.load(nil).plan.name == PipelineFile.defaultName)
        #expect(try PipelineFile.load("handbook").path == "handbook.yaml")
        let unknown = words { try PipelineFile.load("hand") }
        #expect(unknown?.contains("no built-in pipeline of that name (patternalarm, card_stream, handbook)") == true)
    }

    @Test func mistakesHaveTheirPlace() {
        #expect(words { try PipelineFile.parse("", path: "p.yaml") } == "p.yaml:1:1: error: the file is empty")
        let twice = words { try PipelineFile.parse("name: a\nversion: 1\nname: b\n", path: "p.yaml") }
        #expect(twice == "p.yaml:3:1: error: the key \"name\" occurs twice; the other is in line 1")
        let odd = words { try PipelineFile.parse("name: [a\n", path: "p.yaml") }
        #expect(odd?.hasPrefix("p.yaml:2:1: error: not YAML: ") == true)
    }

    /// Each line stands nine times in the next one.
    @Test(.timeLimit(.minutes(1))) func aSmallFileBecomesNoLargeTree() {
        let lines = (1...20).map {
            "a\($0): &a\($0) [" + Array(repeating: "*a\($0 - 1)", count: 9).joined(separator: ", ") + "]"
        }
        let said = words { try PipelineFile.parse((["a0: &a0 [x]"] + lines).joined(separator: "\n"), path: "p.yaml") }
        #expect(said?.contains("the file has more than") == true)
        let deep = words { try PipelineFile.parse("name: " + String(repeating: "[", count: 100_000), path: "p.yaml") }
        #expect(deep?.contains("not YAML") == true)
    }

    /// The zones are the executable's.
    @Test func zonesAreKnownByName() throws {
        #expect(words { try PipelineFile.parse(text, path: "p.yaml") } == nil)
        let wrong = text.replacing("Berlin", with: "Berlim")
        let said = words { try PipelineFile.parse(wrong, path: "p.yaml") }
        #expect(said?.contains("did you mean \"Europe/Berlin\"") == true)
    }

    /// As editors of another system save it.
    @Test func textOfSixteenBits() throws {
        let path = FileManager.default.temporaryDirectory.path + "/patternalarm-\(UUID().uuidString).yaml"
        defer {
            do { try FileManager.default.removeItem(atPath: path) } catch { Issue.record(error) }
        }
        try #require(text.data(using: .utf16)).write(to: URL(fileURLWithPath: path))
        #expect(try PipelineFile.load(path).plan.name == "shop")
    }
}
