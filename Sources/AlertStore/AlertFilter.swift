import GRDB

/// Which alerts to list.
public struct AlertFilter: Sendable {
    public enum Order: Sendable {
        case score, time
    }

    /// The alerts of a domain, or those that have none.
    public enum Domain: Sendable, Equatable {
        case named(String)
        case missing
    }

    /// Only sessions that were alive at or after, that began before this time.
    public var sinceMilliseconds: Int64?
    public var untilMilliseconds: Int64?
    /// Only alerts whose last event was before this time.
    public var lastEventBeforeMilliseconds: Int64?
    public var domain: Domain?
    public var severity: String?
    public var type: String?
    public var detector: String?
    /// Only alerts that were opened under the activation of this number.
    public var activation: Int?
    public var entityKey: String?
    public var status: String?
    /// "none" = without a label.
    public var label: String?
    public var minimumScore: Double?
    public var order = Order.score
    public var limit = 50
    /// Where to go on: only what comes behind it in the order.
    public var after: AlertPosition?

    public init() {}
}

/// Where an alert is in a list. A list that goes on behind a position has no alert twice and leaves none out that was
/// there before and has not changed, whatever came in meanwhile.
public struct AlertPosition: Sendable, Equatable {
    public var score: Double
    public var lastEventMilliseconds: Int64
    public var id: String

    public init(score: Double, lastEventMilliseconds: Int64, id: String) {
        self.score = score
        self.lastEventMilliseconds = lastEventMilliseconds
        self.id = id
    }
}

/// SQL conditions on `alerts a`, all of which must hold, and their values.
struct Conditions {
    private var parts: [String] = []
    private(set) var arguments = StatementArguments()

    /// " WHERE …", or nothing.
    var clause: String { parts.isEmpty ? "" : " WHERE " + parts.joined(separator: " AND ") }

    mutating func add(_ condition: String, _ values: (any DatabaseValueConvertible)?...) {
        guard values.allSatisfy({ $0 != nil }) else { return }
        parts.append(condition)
        arguments += StatementArguments(values)
    }

    init() {}

    /// - Parameters:
    ///   - filter: What to look for.
    ///   - isWhole: Whether to leave the position out: what a count is taken over.
    init(_ filter: AlertFilter, isWhole: Bool = false) {
        add("a.last_event_ms >= ?", filter.sinceMilliseconds)
        add("a.first_event_ms < ?", filter.untilMilliseconds)
        add("a.last_event_ms < ?", filter.lastEventBeforeMilliseconds)
        add(filter.domain)
        add("a.severity = ?", filter.severity)
        add("a.type = ?", filter.type)
        add("a.detector = ?", filter.detector)
        add("a.activation = ?", filter.activation)
        add("a.entity_key = ?", filter.entityKey)
        add("a.score >= ?", filter.minimumScore)
        if let status = filter.status {
            // Most alerts have no decision: the few that have one are gone through once.
            if status == "open" {
                add("a.alert_id NOT IN (\(Self.newest("status", "<> ?")))", status)
            } else {
                add("a.alert_id IN (\(Self.newest("status", "= ?")))", status)
            }
        }
        if let label = filter.label {
            if label == "none" {
                add("a.alert_id NOT IN (SELECT alert_id FROM triage WHERE label IS NOT NULL)")
            } else {
                add("a.alert_id IN (\(Self.newest("label", "= ?")))", label)
            }
        }
        guard !isWhole, let after = filter.after else { return }
        // The first comparison is what an index is entered by.
        if filter.order == .time {
            add("a.last_event_ms <= ?", after.lastEventMilliseconds)
            add("(a.last_event_ms < ? OR a.alert_id > ?)", after.lastEventMilliseconds, after.id)
        } else {
            add("a.score <= ?", after.score)
            add(
                "(a.score < ? OR a.last_event_ms < ? OR a.last_event_ms = ? AND a.alert_id > ?)",
                after.score,
                after.lastEventMilliseconds,
                after.lastEventMilliseconds,
                after.id
            )
        }
    }

    mutating func add(_ domain: AlertFilter.Domain?) {
        switch domain {
        case .named(let name): add("a.domain = ?", name)
        case .missing: add("a.domain IS NULL")
        case nil: break
        }
    }

    /// The alerts whose newest decision about something is like that.
    private static func newest(_ column: String, _ comparison: String) -> String {
        """
        SELECT t.alert_id FROM triage t WHERE t.\(column) \(comparison) AND NOT EXISTS (SELECT 1 FROM triage u
          WHERE u.alert_id = t.alert_id AND u.triage_id > t.triage_id AND u.\(column) IS NOT NULL)
        """
    }
}
