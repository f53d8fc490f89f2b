import Plan
import Runtime
import TestKit

/// Definitions of plans that have no file: a plan is kept under its hash, for as long as the process lives.
struct FixtureDefinitions: DefinitionReader {
    private static let plans = Guarded<[String: PipelinePlan]>([:])

    static func loaded(_ plan: PipelinePlan) -> LoadedDefinitions {
        let name = plan.identity.pipeline
        plans.withLock { $0[name] = plan }
        return LoadedDefinitions(plan: plan, bindings: [:], records: [], file: Array(name.utf8), modelFiles: [:])
    }

    func read(_ file: [UInt8], models: [String: [UInt8]]) throws(RuntimeError) -> LoadedDefinitions {
        let name = String(decoding: file, as: UTF8.self)
        guard let plan = Self.plans.withLock({ $0[name] }) else { throw .plan("no test has a plan \(name)") }
        return Self.loaded(plan)
    }

    /// As a command's user would be noted.
    static let note = ActivationNote(author: "test", words: "", atMilliseconds: 1)
}
