import Activations
import Base
import FileStore
import TestKit
import Testing

@Suite("Definitions by their hashes") struct DefinitionTests {
    @Test func whatIsKeptIsReadAndWrittenOnce() throws {
        let store = CrashingStore()
        let definitions = DefinitionFiles(store: store)
        let (pipeline, model) = (Array("name: a\n".utf8), Array("{}".utf8))
        let hash = try definitions.keep(pipeline: pipeline)
        #expect(hash == SHA256.hexadecimal(of: pipeline))
        #expect(try definitions.pipeline(hash) == pipeline)
        let other = try definitions.keep(model: model)
        #expect(try definitions.model(other) == model)
        #expect(store.allFiles == ["definitions/models/\(other).json", "definitions/pipelines/\(hash).yaml"])
        let writes = store.calls(of: .write)
        #expect(try definitions.keep(pipeline: pipeline) == hash && store.calls(of: .write) == writes)
        // A pipeline is no model.
        #expect(throws: ActivationError.missingDefinition(file: "definitions/models/\(hash).json")) {
            try definitions.model(hash)
        }
    }

    @Test func oneThatIsDamagedIsSaidAndPutRight() throws {
        let store = CrashingStore()
        let definitions = DefinitionFiles(store: store)
        let bytes = Array("name: a\n".utf8)
        let hash = try definitions.keep(pipeline: bytes)
        let file = "definitions/pipelines/\(hash).yaml"
        for damaged in [[], Array("name: b\n".utf8), bytes + bytes] {
            store.set(damaged, for: file)
            #expect {
                try definitions.pipeline(hash)
            } throws: { error in
                let words = "\(error)"
                return error as? ActivationError == .damagedDefinition(file: file)
                    && words.contains(file) && words.contains("backup") && words.contains("patternalarm activate")
            }
            #expect(try definitions.keep(pipeline: bytes) == hash)
            #expect(try definitions.pipeline(hash) == bytes)
        }
    }

    @Test(arguments: ["", "../../lock", String(repeating: "A", count: 64), String(repeating: "/", count: 64)])
    func aNameThatIsNoHashLeadsNowhere(_ name: String) throws {
        let store = CrashingStore()
        store.set([1], for: "definitions/pipelines/\(name).yaml")
        #expect {
            try DefinitionFiles(store: store).pipeline(name)
        } throws: { error in
            if case .missingDefinition? = error as? ActivationError { true } else { false }
        }
    }

    @Test func faultsAreOfThoseThatAreNamed() throws {
        let records = Records()
        let (first, second) = (try records.make(1), try records.make(2))
        let definitions = DefinitionFiles(store: records.store)
        #expect(try definitions.faults(of: [first, second]).isEmpty)
        let file = "definitions/models/\(try #require(second.models["default"])).json"
        records.store.set([0], for: file)
        #expect(try definitions.faults(of: [first, second, second]) == [.damagedDefinition(file: file)])
        #expect(try definitions.faults(of: [first]).isEmpty)
        try records.store.remove("definitions/pipelines/\(second.pipelineFile).yaml")
        #expect(try definitions.faults(of: [second]).count == 2)
        #expect(DefinitionFiles.count(of: [first, second, second]) == (2, 2))
    }

    /// Cut off at every call that changes something: the name is missing, or it has the whole content; and what was answered
    /// is there.
    @Test func aPowerCutLeavesAllOrNothing() throws {
        var kept = 0
        for seed in Seeds.upTo(20) {
            for changes in 0..<20 {
                let store = CrashingStore(seed: seed &* 97)
                let definitions = DefinitionFiles(store: store)
                let bytes = (0..<2000).map { UInt8(truncatingIfNeeded: $0 &* Int(seed)) }
                let hash = SHA256.hexadecimal(of: bytes)
                store.dieAfter(changes: changes)
                var isKept = false
                do throws(ActivationError) {
                    isKept = try definitions.keep(model: bytes) == hash
                } catch {
                    guard case .file = error else { throw error }
                }
                store.cutPower()
                do throws(ActivationError) {
                    #expect(try definitions.model(hash) == bytes)
                } catch {
                    #expect(!isKept && error == .missingDefinition(file: "definitions/models/\(hash).json"))
                }
                if isKept { kept += 1 }
                // The next life keeps it, whatever was left.
                #expect(try definitions.keep(model: bytes) == hash)
                store.cutPower()
                #expect(try definitions.model(hash) == bytes)
            }
        }
        #expect(kept > 0)
    }

    /// A life that ended between the name and its sync: the next one that finds the file there makes it durable.
    @Test func oneThatIsThereIsMadeDurable() throws {
        for changes in 0..<12 {
            let store = CrashingStore(seed: 3)
            let definitions = DefinitionFiles(store: store)
            store.dieAfter(changes: changes)
            do throws(ActivationError) { _ = try definitions.keep(pipeline: [1, 2, 3]) } catch {
                #expect(!error.isDamage)
            }
            store.restart()
            let hash = try definitions.keep(pipeline: [1, 2, 3])
            store.cutPower()
            #expect(try definitions.pipeline(hash) == [1, 2, 3])
        }
    }
}
