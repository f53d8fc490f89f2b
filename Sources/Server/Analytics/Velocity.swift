import AlertStore
import Bytes

/// How a bucket compares with those before it.
package enum VelocityTrend: String {
    case baseline = "BASELINE"
    case spike = "SPIKE"
    case trendingUp = "TRENDING_UP"
    case stable = "STABLE"

    /// Buckets that one is compared with.
    static let span = 4

    /// - Parameters:
    ///   - count: Alerts of the bucket.
    ///   - before: Alerts of the buckets before it, oldest first; the last ``span`` count.
    package init(_ count: Int, after before: [Int]) {
        let compared = before.suffix(Self.span)
        guard !compared.isEmpty else {
            self = .baseline
            return
        }
        // Sums instead of means: no rounding.
        let (own, others) = (Double(count * compared.count), Double(compared.reduce(0, +)))
        self = own > 1.5 * others ? .spike : own > 1.1 * others ? .trendingUp : .stable
    }
}

/// Alerts that opened, in buckets of event time: every bucket of every domain, empty ones too.
package struct Velocity {
    /// Milliseconds.
    package let from: Int64?
    package let size: Int64
    package let count: Int
    package let domains: [String]
    package let buckets: [VelocityBucket]
    package let names: DomainNames

    package init(
        from: Int64?,
        size: Int64,
        count: Int,
        domains: [String],
        buckets: [VelocityBucket],
        names: DomainNames
    ) {
        self.from = from
        self.size = size
        self.count = count
        self.domains = domains
        self.buckets = buckets
        self.names = names
    }

    /// Points of an answer at most.
    static let pointsMax = 50_000

    var to: Int64? { from.map { $0 + size * Int64(count) } }

    /// Where the first bucket begins if the last one holds the instant before `end`; buckets begin at multiples of
    /// their size since 1970.
    package static func start(end: Int64, size: Int64, count: Int) -> Int64 {
        let last = (end - 1) >= 0 ? (end - 1) / size : -((size - end) / size)
        return (last + 1 - Int64(count)) * size
    }

    package var json: JSONValue {
        var points: [JSONValue] = []
        if let from {
            for domain in domains {
                let own = buckets.filter { names.name($0.domain) == domain }
                points += Self.points(of: domain, from: from, size: size, count: count, own)
            }
        }
        return .object([
            .init("bucket_size_seconds", .integer(size / 1000)), .init("from", .time(from)), .init("to", .time(to)),
            .init("total_alerts", .integer(buckets.reduce(0) { $0 + $1.count })), .init("domains", .texts(domains)),
            .init("data_points", .list(points)),
        ])
    }

    private static func points(
        of domain: String,
        from: Int64,
        size: Int64,
        count: Int,
        _ buckets: [VelocityBucket]
    ) -> [JSONValue] {
        var filled: [VelocityBucket?] = Array(repeating: nil, count: count)
        for bucket in buckets where filled.indices.contains(bucket.index) { filled[bucket.index] = bucket }
        var before: [Int] = []
        var sum = 0
        return filled.enumerated().map { index, bucket in
            let alerts = bucket?.count ?? 0
            sum += alerts
            let trend = VelocityTrend(alerts, after: before)
            before.append(alerts)
            if before.count > VelocityTrend.span { before.removeFirst() }
            let bySeverity = zip(AlertQuery.severities, bucket?.bySeverity ?? [0, 0, 0, 0])
            return .object([
                .init("domain", .text(domain)), .init("bucket_start", .time(from + Int64(index) * size)),
                .init("x", .integer(Int64(index) * size / 1000)), .init("y1_velocity", .integer(alerts)),
                .init("y2_avg_score", .real(bucket?.averageScore)), .init("y3_cumulative", .integer(sum)),
                .init("trend_status", .text(trend.rawValue)),
                .init("by_severity", .object(bySeverity.map { .init($0, .integer($1)) })),
            ])
        }
    }
}
