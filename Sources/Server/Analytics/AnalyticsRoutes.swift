import AlertStore
import HTTPTypes
import Hummingbird
import Plan

/// Figures over the alerts, in event time.
struct AnalyticsRoutes {
    private let context: ServerContext
    /// As the pipeline in force has them.
    private var names: DomainNames { DomainNames(context.plan) }

    /// Domains that an answer lists at most.
    private static let domainsMax = 1000

    init(_ context: ServerContext) {
        self.context = context
    }

    func add(to router: Router<BasicRequestContext>) {
        router.get("/analytics/velocity") { request, _ in try await velocity(request) }
        router.get("/analytics/summary") { request, _ in try await summary(request) }
        router.get("/analytics/domain/:domain") { request, context in try await domain(request, context) }
    }

    private func velocity(_ request: Request) async throws -> Response {
        var query = QueryParameters(request, known: ["bucket_size_seconds", "buckets", "domain", "to"])
        let size = Int64(query.integer("bucket_size_seconds", in: 1...86_400) ?? 60) * 1000
        let count = query.integer("buckets", in: 1...1440) ?? 30
        let domain = query.text("domain")
        let end = query.time("to")
        try query.finish()
        let velocity = try await context.reading { [context, names] database in
            let domains: [String]
            if let domain { domains = [domain] } else { domains = try Self.domains(database, names) }
            guard domains.count * count <= Velocity.pointsMax else {
                throw Problem(
                    .badRequest,
                    errors: [.init(parameter: "domain", detail: "is needed: there are too many domains to show all")]
                )
            }
            // An event of the newest instant belongs to the last bucket.
            let end = try end ?? Self.newest(database, context).map { $0 + 1 }
            let from = end.map { Velocity.start(end: $0, size: size, count: count) }
            let buckets = try from.map {
                try database.velocity(from: $0, size: size, count: count, domain: domain.map(names.filter))
            }
            return Velocity(
                from: from,
                size: size,
                count: count,
                domains: domains,
                buckets: buckets ?? [],
                names: names
            )
        }
        return Answer.json(velocity.json)
    }

    private func summary(_ request: Request) async throws -> Response {
        let period = try Self.period(request)
        let (summary, ledger) = try await context.reading { [context, names] database in
            (try Self.summary(period, domain: nil, database, context, names), try database.totals())
        }
        return Answer.json(summary.json(ledger: ledger))
    }

    private func domain(_ request: Request, _ route: BasicRequestContext) async throws -> Response {
        let period = try Self.period(request)
        guard let part = route.parameters.get("domain"),
            let domain = QueryParameters.decoded(part[...], plusIsSpace: false)
        else {
            throw Problem(.notFound, "there are no alerts of this domain")
        }
        let answer = try await context.reading { [context, names] database in
            let filter = names.filter(domain)
            let summary = try Self.summary(period, domain: filter, database, context, names)
            var known = AlertFilter()
            known.domain = filter
            known.limit = 1
            let isKnown = try !summary.figures.groups.isEmpty || !database.alerts(known).isEmpty
            guard isKnown else { throw Problem(.notFound, "there are no alerts of this domain") }
            return summary.json(domain: domain, halves: try Self.halves(of: summary, filter, database))
        }
        return Answer.json(answer)
    }

    private static func period(_ request: Request) throws -> Period {
        var query = QueryParameters(request, known: ["period"])
        let name = query.choice("period", among: Period.names)
        try query.finish()
        return name.flatMap { Period(rawValue: $0) } ?? .day
    }

    private static func summary(
        _ period: Period,
        domain: AlertFilter.Domain?,
        _ database: AlertDatabase,
        _ context: ServerContext,
        _ names: DomainNames
    ) throws -> AlertSummary {
        let newest = try newest(database, context)
        let start = period.length.flatMap { length in newest.map { $0 - length } }
        let figures = try database.figures(from: start, to: nil, domain: domain)
        return AlertSummary(
            period: period,
            from: start ?? figures.firstMilliseconds,
            to: newest,
            figures: figures,
            names: names
        )
    }

    private static func halves(
        of summary: AlertSummary,
        _ domain: AlertFilter.Domain,
        _ database: AlertDatabase
    ) throws -> (first: Int, second: Int) {
        // Before the first alert of all there is nothing to compare with.
        guard let first = try database.firstOpened(), let start = summary.from, let to = summary.to else {
            return (0, 0)
        }
        let from = max(first, start)
        guard to > from else { return (0, 0) }
        let size = (to - from) / 2 + 1
        let buckets = try database.velocity(from: from, size: size, count: 2, domain: domain)
        return (
            buckets.filter { $0.index == 0 }.reduce(0) { $0 + $1.count },
            buckets.filter { $0.index == 1 }.reduce(0) { $0 + $1.count }
        )
    }

    private static func domains(_ database: AlertDatabase, _ names: DomainNames) throws -> [String] {
        let found = try database.domains(limit: domainsMax)
        return found.names + (found.hasMissing ? [names.missing] : [])
    }

    /// The newest event's time, as far as the alerts file knows; nil before the first one.
    private static func newest(_ database: AlertDatabase, _ context: ServerContext) throws -> Int64? {
        try database.progress(topic: context.plan.name).compactMap(\.clockMilliseconds).max()
            .map { $0 + context.plan.disorder / 1000 }
    }
}
