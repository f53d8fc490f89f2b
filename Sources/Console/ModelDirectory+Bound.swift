public import Learning
public import Models
public import Plan

extension ModelDirectory {
    /// Ties the models that a plan's detectors name to its features, for a command.
    public static func bound(
        _ plan: inout PipelinePlan,
        path: String?
    ) throws(CommandError) -> (bindings: [Int: ModelBinding], models: [ModelDirectory]) {
        try CommandError.running { () throws(LearningError) in try bind(&plan, path: path) }
    }
}
