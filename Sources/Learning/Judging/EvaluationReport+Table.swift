import Base
import Engine
import ForestTraining

extension EvaluationReport {
    /// For people.
    public var table: String {
        var out =
            "\(grouped(ledger.events)) events = \(grouped(ledger.ok)) ok + \(grouped(ledger.late)) late + "
            + "\(grouped(ledger.duplicate)) duplicate + \(grouped(ledger.rejected)) rejected; "
            + "\(grouped(sessionCount)) sessions\n\n"
        func number(_ value: Double?) -> String { value.map { fixed($0, 4) } ?? "-" }
        func row(_ cells: [String]) -> String {
            zip(cells, [28, 12, 12, 12, 12]).map { cell, width in
                cell + String(repeating: " ", count: max(0, width - cell.count))
            }.joined() + "\n"
        }
        out += row(["", "per event", "per session"])
        let (event, session) = (perEvent, perSession)
        out += row(["accuracy", number(event.classes.accuracy), number(session.classes.accuracy)])
        out += row(["macro F1", number(event.classes.macroF1), number(session.classes.macroF1)])
        out += row(["weighted F1", number(event.classes.weightedF1), number(session.classes.weightedF1)])
        out += row(["fraud precision", number(event.fraud.precision), number(session.fraud.precision)])
        out += row(["fraud recall", number(event.fraud.recall), number(session.fraud.recall)])
        out += row([
            "false-positive rate", number(event.fraud.falsePositiveRate), number(session.fraud.falsePositiveRate),
        ])
        out += row(["area under ROC", number(event.fraud.areaUnderROC), number(session.fraud.areaUnderROC)])
        out += row(["area under PR", number(event.fraud.areaUnderPR), number(session.fraud.areaUnderPR)])
        out += "\n" + row(["per session, by class", "precision", "recall", "F1", "sessions"])
        for entry in session.classes.classes {
            out += row([
                entry.name, number(entry.precision), number(entry.recall), number(entry.f1), grouped(entry.support),
            ])
        }
        out += "\nconfusion, sessions (rows: truth; columns: prediction, in the order of the rows)\n"
        for (index, name) in classNames.enumerated() {
            let cells = session.classes.confusion[index].map {
                String(repeating: " ", count: max(1, 7 - String($0).count)) + String($0)
            }
            out += name + String(repeating: " ", count: max(1, 26 - name.count)) + cells.joined() + "\n"
        }
        let shares = byEvent.enumerated().map { "\($0 + 1): \(fixed($1 * 100, 2)) %" }.joined(separator: ", ")
        out += "\n\(grouped(longFraudSessions)) fraud sessions of 3 events or more, alerted by event \(shares)\n"
        out += "\(grouped(regularSessions)) regular sessions, alerted: \(fixed(regularSessionsAlerted * 100, 3)) %\n"
        return out + "digest \(digest)\n"
    }
}
