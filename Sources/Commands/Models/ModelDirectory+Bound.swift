import Console
import Learning
import Models
import Plan

extension ModelDirectory {
    /// Ties the models that a plan's detectors name to its features, for a command.
    static func bound(
        _ plan: inout PipelinePlan,
        path: String?
    ) throws(CommandError) -> (bindings: [Int: ModelBinding], models: [ModelDirectory]) {
        try CommandError.running { () throws(LearningError) in try bind(&plan, path: path) }
    }
}
