import Plan

/// Windows and the aggregates over them as SQL: one table a window, with one row an event that has a key.
///
/// An event sees the events of its partition with a smaller offset whose time lies in the window, and itself. Where the
/// pipeline allows no disorder, accepted events are in the order of time, and that is `OVER (… RANGE …)` once equal
/// times are told apart by their offsets. Otherwise an event may have arrived later than one that it does not see,
/// which no frame can say: the window is then a join of every event with those it sees.
struct SQLWindows {
    let expressions: SQLExpressions
    /// Accepted events are in the order of time.
    let isInOrder: Bool
    /// Column of each argument in the events table.
    let argumentColumns: [Expression]

    /// Order values of one microsecond lie this far apart: more than events can share one.
    static let tieSpan = "4294967296::HUGEINT"

    private var mark: String { expressions.mark }

    /// The statement that makes the table `_w<number>` of a window's aggregates.
    func table(_ number: Int, _ window: Window, _ aggregates: [(index: Int, aggregate: Aggregate)]) -> String {
        let key = "\(mark)k\(window.entity)"
        let make = "CREATE OR REPLACE TEMP TABLE \(mark)w\(number) AS"
        guard isInOrder else { return make + "\n" + joined(window, key, aggregates) + ";\n" }
        return make + "\n" + over(window, key, aggregates) + ";\n"
    }

    // MARK: - OVER

    private func over(
        _ window: Window,
        _ key: String,
        _ aggregates: [(index: Int, aggregate: Aggregate)]
    ) -> String {
        var source = "\(mark)events"
        var partition = "PARTITION BY \(mark)partition, \(key)"
        let frame: String
        let (tie, order, span) = ("\(mark)tie", "\(mark)order", Self.tieSpan)
        switch window.kind {
        case .sliding(let size):
            let first = "(\(size - 1 + window.delay) * \(span) + \(tie)) PRECEDING"
            let last =
                window.delay == 0
                ? "CURRENT ROW" : "(\(window.delay) * \(span) + \(tie) - \(span) + 1) PRECEDING"
            frame = "RANGE BETWEEN \(first) AND \(last)"
        case .tumbling(let size):
            partition += ", \(start(ofTumbling: size, "\(mark)t"))"
            frame = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
        case .session(let gap):
            source = """
                (SELECT *, sum(CASE WHEN \(mark)gap > \(gap) THEN 1 ELSE 0 END) OVER (\(partition) ORDER BY \(order)) AS \(mark)session
                   FROM (SELECT *, \(mark)t - lag(\(mark)t) OVER (\(partition) ORDER BY \(order)) AS \(mark)gap FROM \(mark)events))
                """
            partition += ", \(mark)session"
            frame = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
        }
        let columns = aggregates.map { entry in
            let excludes = entry.aggregate.excludesCurrent || entry.aggregate.function == .zscore
            let suffix = " OVER \(mark)\(excludes ? "before" : "seen")"
            return "  \(over(entry.aggregate, suffix)) AS \(mark)a\(entry.index)"
        }
        let ordered = "\(partition) ORDER BY \(order) \(frame)"
        return """
            SELECT \(mark)event,
            \(columns.joined(separator: ",\n"))
            FROM \(source)
            WHERE \(key) IS NOT NULL
            WINDOW \(mark)seen AS (\(ordered)),
              \(mark)before AS (\(ordered) EXCLUDE CURRENT ROW)
            """
    }

    private func over(_ aggregate: Aggregate, _ suffix: String) -> String {
        let x = argument(of: aggregate, "")
        switch aggregate.function {
        case .count:
            return x.isEmpty ? "count(*)\(suffix)" : "count(*) FILTER (WHERE \(x))\(suffix)"
        case .sum: return "coalesce(sum(\(x))\(suffix), 0)"
        case .mean, .avg: return "avg(\(x))\(suffix)"
        case .min: return "min(\(x))\(suffix)"
        case .max: return "max(\(x))\(suffix)"
        case .std: return "stddev_samp(\(x))\(suffix)"
        case .distinct: return "count(DISTINCT \(x))\(suffix)"
        case .share: return "count(*) FILTER (WHERE \(x))\(suffix) / nullif(count(*)\(suffix), 0)"
        case .first: return "first_value(\(x) IGNORE NULLS)\(suffix)"
        case .last: return "last_value(\(x) IGNORE NULLS)\(suffix)"
        case .sincePrevious:
            return "((max(\(mark)t, 2)\(suffix))[1] - (max(\(mark)t, 2)\(suffix))[2]) / 1e6"
        case .zscore: return "(\(x) - avg(\(x))\(suffix)) / nullif(stddev_samp(\(x))\(suffix), 0)"
        }
    }

    // MARK: - Join

    private func joined(
        _ window: Window,
        _ key: String,
        _ aggregates: [(index: Int, aggregate: Aggregate)]
    ) -> String {
        let columns = aggregates.map { "  \(joined($0.aggregate)) AS \(mark)a\($0.index)" }.joined(separator: ",\n")
        let (events, event, t, offset) = ("\(mark)events", "\(mark)event", "\(mark)t", "\(mark)offset")
        var condition =
            "b.\(mark)partition = a.\(mark)partition AND b.\(key) = a.\(key) AND b.\(offset) <= a.\(offset)"
        switch window.kind {
        case .sliding(let size):
            condition += " AND b.\(t) <= a.\(t) - \(window.delay) AND b.\(t) > a.\(t) - \(window.delay + size)"
        case .tumbling(let size):
            let bucket = start(ofTumbling: size, "b.\(t)")
            condition += " AND b.\(t) <= a.\(t) AND \(bucket) = \(start(ofTumbling: size, "a.\(t)"))"
        case .session(let gap):
            return session(gap: gap, key, columns)
        }
        return """
            SELECT a.\(event),
            \(columns)
            FROM \(events) a LEFT JOIN \(events) b
              ON \(condition)
            WHERE a.\(key) IS NOT NULL
            GROUP BY a.\(event)
            """
    }

    /// Gaps among all events of a key cut its time into stretches; as of an event its session lies inside of one, and
    /// begins behind the last gap among those that had arrived.
    private func session(gap: Int64, _ key: String, _ columns: String) -> String {
        let (events, event, t, offset) = ("\(mark)events", "\(mark)event", "\(mark)t", "\(mark)offset")
        let entity = "\(mark)partition, \(key)"
        return """
            WITH gaps AS (
              SELECT *, \(t) - lag(\(t)) OVER (PARTITION BY \(entity) ORDER BY \(t), \(offset)) AS \(mark)gap FROM \(events)
              WHERE \(key) IS NOT NULL),
            stretches AS (
              SELECT *, sum(CASE WHEN \(mark)gap > \(gap) THEN 1 ELSE 0 END)
                OVER (PARTITION BY \(entity) ORDER BY \(t), \(offset)) AS \(mark)stretch FROM gaps),
            arrived AS (
              SELECT a.\(event) AS \(mark)of, b.*, b.\(t) - lag(b.\(t))
                OVER (PARTITION BY a.\(event) ORDER BY b.\(t), b.\(offset)) AS \(mark)pause
              FROM stretches a JOIN stretches b
                ON b.\(mark)partition = a.\(mark)partition AND b.\(key) = a.\(key) AND b.\(mark)stretch = a.\(mark)stretch
                  AND b.\(offset) <= a.\(offset) AND b.\(t) <= a.\(t)),
            b AS (
              SELECT *, max(CASE WHEN \(mark)pause <= \(gap) THEN NULL ELSE \(t) END) OVER (PARTITION BY \(mark)of) AS \(mark)began
              FROM arrived)
            SELECT a.\(event),
            \(columns)
            FROM \(events) a JOIN b ON b.\(mark)of = a.\(event) AND b.\(t) >= b.\(mark)began
            GROUP BY a.\(event)
            """
    }

    private func joined(_ aggregate: Aggregate) -> String {
        let x = argument(of: aggregate, "b.")
        let isEarlier = "b.\(mark)event <> a.\(mark)event"
        let filters = aggregate.excludesCurrent || aggregate.function == .zscore ? [isEarlier] : []
        func filtered(_ call: String, _ more: String...) -> String {
            let all = filters + more
            return all.isEmpty ? call : "\(call) FILTER (WHERE \(all.joined(separator: " AND ")))"
        }
        let count = "count(b.\(mark)event)"
        switch aggregate.function {
        case .count: return x.isEmpty ? filtered(count) : filtered(count, x)
        case .sum: return "coalesce(\(filtered("sum(\(x))")), 0)"
        case .mean, .avg: return filtered("avg(\(x))")
        case .min: return filtered("min(\(x))")
        case .max: return filtered("max(\(x))")
        case .std: return filtered("stddev_samp(\(x))")
        case .distinct: return filtered("count(DISTINCT \(x))")
        case .share: return "\(filtered(count, x)) / nullif(\(filtered(count)), 0)"
        case .first, .last:
            let direction = aggregate.function == .first ? "" : " DESC"
            let order = "b.\(mark)t\(direction), b.\(mark)offset\(direction)"
            return filtered("first(\(x) ORDER BY \(order))", "\(x) IS NOT NULL")
        case .sincePrevious:
            let latest = filtered("max(b.\(mark)t, 2)")
            return "((\(latest))[1] - (\(latest))[2]) / 1e6"
        case .zscore:
            let current = "any_value(\(argument(of: aggregate, "a.")))"
            return "(\(current) - \(filtered("avg(\(x))"))) / nullif(\(filtered("stddev_samp(\(x))")), 0)"
        }
    }

    /// The column of what is aggregated: a condition where it is counted, else a number or a text.
    private func argument(of aggregate: Aggregate, _ table: String) -> String {
        guard let argument = aggregate.argument, let number = argumentColumns.firstIndex(of: argument) else {
            return ""
        }
        let column = "\(table)\(mark)x\(number)"
        switch aggregate.function {
        case .count, .share: return column
        default: return argument.type == .bool ? "CAST(\(column) AS DOUBLE)" : column
        }
    }

    private func start(ofTumbling size: Int64, _ time: String) -> String {
        "(\(time) - (\(time) % \(size) + \(size)) % \(size))"
    }
}
