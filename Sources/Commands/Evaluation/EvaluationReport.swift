import Bytes
import Engine
import ForestTraining

/// What `evaluate` found, per event, per session, and how soon the first alert came.
struct EvaluationReport {
    private let classNames: [String]
    private let ledger: Ledger
    private let digest: String
    private let perEvent: (ClassificationReport, BinaryReport)
    private let perSession: (ClassificationReport, BinaryReport)
    /// Share of the fraud sessions with three events or more that had an alert by their n-th event.
    private let byEvent: [Double]
    private let longFraudSessions: Int
    private let everAlerted: Double
    private let regularSessions: Int
    private let regularSessionsAlerted: Double
    private let sessionCount: Int

    private static let eventsShown = 5

    init(
        events: [SessionTable.Event],
        classNames: [String],
        negative: Int,
        gap: Int64,
        threshold: Double,
        ledger: Ledger,
        digest: String
    ) {
        self.classNames = classNames
        self.ledger = ledger
        self.digest = digest
        let sessions = SessionTable(events, gap: gap, negative: negative).sessions
        sessionCount = sessions.count
        perEvent = (
            ClassificationReport(
                classNames: classNames,
                truth: events.map(\.truth),
                predicted: events.map(\.predicted)
            ),
            BinaryReport(
                truth: events.map { $0.truth != negative },
                decided: events.map { $0.predicted != negative },
                scores: events.map(\.score)
            )
        )
        perSession = (
            ClassificationReport(
                classNames: classNames,
                truth: sessions.map(\.truth),
                predicted: sessions.map(\.predicted)
            ),
            BinaryReport(
                truth: sessions.map { $0.truth != negative },
                decided: sessions.map { $0.predicted != negative },
                scores: sessions.map(\.score)
            )
        )
        let frauds = sessions.filter { $0.truth != negative && $0.events.count >= 3 }
        let regular = sessions.filter { $0.truth == negative }
        longFraudSessions = frauds.count
        regularSessions = regular.count
        func share(_ count: Int, of total: Int) -> Double { total == 0 ? 0 : Double(count) / Double(total) }
        byEvent = (1...Self.eventsShown).map { event in
            share(frauds.count { ($0.firstAlert ?? .max) <= event }, of: frauds.count)
        }
        everAlerted = share(frauds.count { $0.firstAlert != nil }, of: frauds.count)
        regularSessionsAlerted = share(regular.count { $0.firstAlert != nil }, of: regular.count)
    }

    /// One JSON object, one line.
    var json: [UInt8] {
        var shares = byEvent.enumerated().map { JSONValue.Member(String($0 + 1), .number($1)) }
        shares.append(.init("ever", .number(everAlerted)))
        var out: [UInt8] = []
        JSONValue.object([
            .init(
                "ledger",
                .object([
                    .init("events", .number(Double(ledger.events))),
                    .init("ok", .number(Double(ledger.ok))),
                    .init("late", .number(Double(ledger.late))),
                    .init("duplicate", .number(Double(ledger.duplicate))),
                    .init("rejected", .number(Double(ledger.rejected))),
                ])
            ),
            .init("per_event", .object(ReportJSON.members(perEvent.0, perEvent.1))),
            .init("per_session", .object(ReportJSON.members(perSession.0, perSession.1))),
            .init(
                "first_alert",
                .object([
                    .init("fraud_sessions", .number(Double(longFraudSessions))),
                    .init("by_event", .object(shares)),
                    .init("regular_sessions", .number(Double(regularSessions))),
                    .init("regular_sessions_alerted", .number(regularSessionsAlerted)),
                ])
            ),
            .init("digest", .text(digest)),
        ]).write(into: &out)
        out.append(0x0A)
        return out
    }

    /// For people.
    var table: String {
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
        out += row(["accuracy", number(event.0.accuracy), number(session.0.accuracy)])
        out += row(["macro F1", number(event.0.macroF1), number(session.0.macroF1)])
        out += row(["weighted F1", number(event.0.weightedF1), number(session.0.weightedF1)])
        out += row(["fraud precision", number(event.1.precision), number(session.1.precision)])
        out += row(["fraud recall", number(event.1.recall), number(session.1.recall)])
        out += row(["false-positive rate", number(event.1.falsePositiveRate), number(session.1.falsePositiveRate)])
        out += row(["area under ROC", number(event.1.areaUnderROC), number(session.1.areaUnderROC)])
        out += row(["area under PR", number(event.1.areaUnderPR), number(session.1.areaUnderPR)])
        out += "\n" + row(["per session, by class", "precision", "recall", "F1", "sessions"])
        for entry in session.0.classes {
            out += row([
                entry.name, number(entry.precision), number(entry.recall), number(entry.f1), grouped(entry.support),
            ])
        }
        out += "\nconfusion, sessions (rows: truth; columns: prediction, in the order of the rows)\n"
        for (index, name) in classNames.enumerated() {
            let cells = session.0.confusion[index].map {
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
