import AlertStore
import Base
import Bytes
import Console
import Foundation
import Learning
import Plan

extension ProtocolReport {
    /// For people.
    var listing: Listing {
        var listing = Listing(columns: ["figure", "value"], rows: [])
        if folds.count > 1 { listing.columns += ["deviation"] + folds.indices.map { "fold \($0)" } }
        for (place, entry) in summary.enumerated() {
            func cell(_ value: Double?) -> Cell {
                guard let value else { return .null }
                let isCount = Judgement.counts.contains { entry.name.hasSuffix($0) } && value == value.rounded()
                return isCount ? .integer(Int(value)) : .number(value, decimals: 4)
            }
            var row: [Cell] = [.text(entry.name), cell(entry.mean)]
            if folds.count > 1 {
                row.append(cell(entry.deviation))
                row += folds.map { cell(place < $0.figures.count ? $0.figures[place].value : nil) }
            }
            listing.rows.append(row)
        }
        return listing
    }

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
