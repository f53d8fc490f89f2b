import AlertStore
import Base
import Bytes
import Foundation
import Plan
import Runtime

/// What a protocol found, fold by fold, with mean and spread over the folds.
struct ProtocolReport {
    /// The split that was asked for, and behind it the earlier ones.
    var folds: [Judgement]

    /// Mean and, from two folds on, standard deviation (n − 1) of each figure that all folds have.
    var summary: [(name: String, mean: Double?, deviation: Double?)] {
        (folds.first?.figures ?? []).map { figure in
            let values = folds.compactMap { fold in fold.figures.first { $0.name == figure.name }?.value }
            guard values.count == folds.count, !values.isEmpty else { return (figure.name, nil, nil) }
            let mean = values.reduce(0, +) / Double(values.count)
            guard values.count > 1 else { return (figure.name, mean, nil) }
            let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            return (figure.name, mean, (squares / Double(values.count - 1)).squareRoot())
        }
    }

    /// One JSON object: the figures, and every fold's own.
    var json: JSONValue {
        var members = summary.map { JSONValue.Member($0.name, $0.mean.map { .number($0) } ?? .null) }
        if folds.count > 1 {
            let spread = summary.map { JSONValue.Member($0.name, $0.deviation.map { .number($0) } ?? .null) }
            members.append(.init("deviation", .object(spread)))
        }
        members.append(.init("folds", .list(folds.map(\.json))))
        return .object(members)
    }

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

    /// Notes the run and its figures in an alerts file. Figures of several folds have the fold's number behind them.
    func note(in path: String, command: String, plan: PipelinePlan, modelID: String) throws(CommandError) {
        var metrics: [(name: String, value: Double?)] = []
        for entry in summary {
            metrics.append((entry.name, entry.mean))
            guard folds.count > 1 else { continue }
            metrics.append((entry.name + ".deviation", entry.deviation))
            for (number, fold) in folds.enumerated() {
                metrics.append(("\(entry.name).fold_\(number)", fold.figures.first { $0.name == entry.name }?.value))
            }
        }
        let run = RunRecord(
            command: command,
            appVersion: PatternAlarm.version,
            pipeline: plan.name,
            pipelineSHA: plan.identity.pipeline,
            modelID: modelID
        )
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        do throws(AlertStoreError) {
            let database = try AlertDatabase(path: path)
            try database.note(run, metrics: metrics, atMilliseconds: now)
            try database.close()
        } catch {
            throw CommandError(error)
        }
    }
}
