import AlertStore
import Bytes

/// A stretch of event time, back from the newest event.
enum Period: String, CaseIterable {
    case hour = "1h"
    case day = "24h"
    case week = "7d"
    case all

    static let names = allCases.map(\.rawValue)

    /// Milliseconds; nil = everything.
    var length: Int64? {
        switch self {
        case .hour: 3_600_000
        case .day: 86_400_000
        case .week: 604_800_000
        case .all: nil
        }
    }
}

/// Alerts of a period, added up.
struct AlertSummary {
    let period: Period
    /// Of the period, milliseconds; nil where there are no events.
    let from: Int64?
    let to: Int64?
    let figures: AlertFigures
    let names: DomainNames

    private var total: Int { figures.groups.reduce(0) { $0 + $1.count } }

    private var averageScore: Double? {
        total > 0 ? figures.groups.reduce(0) { $0 + $1.scoreSum } / Double(total) : nil
    }

    private var amount: Double { figures.groups.reduce(0) { $0 + $1.amount } }

    /// Alerts by what a group has in common, the most frequent first.
    private func counts(_ key: (AlertGroup) -> String) -> [(name: String, count: Int)] {
        var counts: [String: Int] = [:]
        for group in figures.groups { counts[key(group), default: 0] += group.count }
        return counts.sorted { (-$0.value, $0.key) < (-$1.value, $1.key) }.map { ($0.key, $0.value) }
    }

    /// - Parameter ledger: What became of all events so far.
    /// - Returns: The answer of `/analytics/summary`.
    func json(ledger: LedgerTotals) -> JSONValue {
        func object(_ counts: [(name: String, count: Int)]) -> JSONValue {
            .object(counts.map { .init($0.name, .integer($0.count)) })
        }
        let bySeverity = counts(\.severity)
        let all = AlertQuery.severities.map { name in (name, bySeverity.first { $0.name == name }?.count ?? 0) }
        return .object([
            .init("period", .text(period.rawValue)), .init("from", .time(from)), .init("to", .time(to)),
            .init("total_alerts", .integer(total)), .init("by_severity", object(all)),
            .init("by_domain", object(counts { names.name($0.domain) })), .init("by_type", object(counts(\.type))),
            .init("by_status", object(figures.byStatus.map { ($0.status, $0.count) })),
            .init("avg_score", .real(averageScore)), .init("total_amount_flagged", .real(amount)),
            .init(
                "events",
                .object([
                    .init("total", .integer(ledger.events)), .init("ok", .integer(ledger.ok)),
                    .init("late", .integer(ledger.late)), .init("duplicate", .integer(ledger.duplicate)),
                    .init("rejected", .integer(ledger.rejected)),
                ])
            ),
        ])
    }

    /// - Parameters:
    ///   - domain: Whose figures these are.
    ///   - halves: Alerts in the first and in the second half of the period.
    /// - Returns: The answer of `/analytics/domain/{d}`.
    func json(domain: String, halves: (first: Int, second: Int)) -> JSONValue {
        .object([
            .init("domain", .text(domain)), .init("period", .text(period.rawValue)),
            .init("alert_count", .integer(total)), .init("avg_score", .real(averageScore)),
            .init("total_amount", .real(amount)),
            .init(
                "top_alert_types",
                .list(
                    counts(\.type).prefix(5).map {
                        .object([.init("type", .text($0.name)), .init("count", .integer($0.count))])
                    }
                )
            ),
            .init("trend", .text(Self.trend(halves))),
        ])
    }

    /// Whether there are more alerts in the second half of a stretch than in the first: by more than a tenth.
    static func trend(_ halves: (first: Int, second: Int)) -> String {
        let (first, second) = (Double(halves.first), Double(halves.second))
        return second > 1.1 * first ? "increasing" : second < 0.9 * first ? "decreasing" : "stable"
    }
}
