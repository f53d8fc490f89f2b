import AlertStore
import Base
import Bytes
import Console
import Foundation
import Learning
import Plan

extension ProtocolReport {
    func write(as format: EvaluateCommand.ReportFormat) {
        switch format {
        case .table: listing.write(as: .table)
        case .json:
            var bytes: [UInt8] = []
            json.write(into: &bytes)
            Output.data(bytes + [0x0A], .json)
        }
    }

    /// Notes the run in the alerts file that the options name.
    func note(in path: String, command: String, plan: PipelinePlan, modelID: String) throws(CommandError) {
        let run = RunRecord(
            command: command,
            appVersion: PatternAlarm.version,
            pipeline: plan.name,
            pipelineSHA: plan.identity.pipeline,
            modelID: modelID
        )
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        try CommandError.running { () throws(LearningError) in try note(in: path, run, atMilliseconds: now) }
    }
}
