import InForce
import Plan
import Runtime
import Testing

/// Definitions as people name them.
@Suite struct NamedDefinitionsTests {
    @Test func whatNobodyNamesIsBuiltIn() throws {
        let definitions = try NamedDefinitions().load(over: nil)
        #expect(definitions.plan.name == "patternalarm")
        #expect(definitions.modelFiles.keys.sorted() == ["patternalarm"])
        #expect(definitions.modelID?.hasPrefix("patternalarm@") == true)
    }

    /// What is kept is what was named.
    @Test func whatIsKeptIsReadAgain() throws {
        let named = try NamedDefinitions().load(over: nil)
        let kept = try StoredDefinitions().read(named.file, models: named.modelFiles)
        #expect(kept.identity == named.identity && kept.modelHashes == named.modelHashes)
        #expect(throws: RuntimeError.self) { try StoredDefinitions().read(named.file, models: [:]) }
    }

    @Test func mistakesAreTold() {
        #expect(throws: NamingError.self) { try NamedDefinitions(pipeline: "nosuch").load(over: nil) }
        #expect(throws: NamingError.self) { try NamedDefinitions(model: "/nosuch").load(over: nil) }
        #expect(throws: NamingError.self) {
            try NamedDefinitions().load(Array("name: [".utf8), place: "request", nil)
        }
    }
}
