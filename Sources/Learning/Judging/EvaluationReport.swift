import Bytes
public import Engine
public import ForestTraining

/// What `evaluate` found, per event, per session, and how soon the first alert came.
public struct EvaluationReport: Sendable {
    public let classNames: [String]
    public let ledger: Ledger
    public let digest: String
    /// By every event alone.
    public let perEvent: (classes: ClassificationReport, fraud: BinaryReport)
    /// By every session.
    public let perSession: (classes: ClassificationReport, fraud: BinaryReport)
    /// Share of the fraud sessions with three events or more that had an alert by their n-th event.
    public let byEvent: [Double]
    public let longFraudSessions: Int
    public let everAlerted: Double
    public let regularSessions: Int
    public let regularSessionsAlerted: Double
    public let sessionCount: Int

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
        func reports(
            _ judged: [(truth: Int, predicted: Int, score: Double)]
        ) -> (classes: ClassificationReport, fraud: BinaryReport) {
            let (truth, predicted) = (judged.map(\.truth), judged.map(\.predicted))
            return (
                ClassificationReport(classNames: classNames, truth: truth, predicted: predicted),
                BinaryReport(
                    truth: truth.map { $0 != negative },
                    decided: predicted.map { $0 != negative },
                    scores: judged.map(\.score)
                )
            )
        }
        perEvent = reports(events.map { ($0.truth, $0.predicted, $0.score) })
        perSession = reports(sessions.map { ($0.truth, $0.predicted, $0.score) })
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
    public var json: [UInt8] {
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
            .init("per_event", .object(ReportJSON.members(perEvent.classes, perEvent.fraud))),
            .init("per_session", .object(ReportJSON.members(perSession.classes, perSession.fraud))),
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
}
