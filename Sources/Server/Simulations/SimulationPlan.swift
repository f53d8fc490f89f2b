import Base
import Bytes
import Plan
import Runtime
import Traffic

/// What a test is to do.
package struct SimulationPlan: Sendable, Equatable {
    package var id: String
    /// Nil = all of them.
    package var domain: Domain?
    package var load: LoadLevel
    package var durationSeconds: Int
    package var seed: UInt64

    package init(id: String, domain: Domain?, load: LoadLevel, durationSeconds: Int, seed: UInt64) {
        self.id = id
        self.domain = domain
        self.load = load
        self.durationSeconds = durationSeconds
        self.seed = seed
    }

    /// Events a second.
    package var rate: Double { load.eventsPerMinute / 60 }

    /// Events that are sent.
    package var events: Int { max(1, Int((rate * Double(durationSeconds)).rounded())) }

    /// The truth about so many events is kept in memory.
    package static let eventsMax = 1_000_000

    /// How long the simulator's people need, beyond the test's own time, until as many events come as are asked for:
    /// sequences begin at once, but their later events follow.
    private static let rampSeconds: Int64 = 120

    /// What the simulator is asked for: event time ends about now, or follows the newest event if that is later.
    ///
    /// - Parameters:
    ///   - now: The wall clock, microseconds.
    ///   - newest: The newest event that the partitions have seen, microseconds.
    ///   - maximumAhead: How far ahead of that an event may be.
    /// - Returns: Settings of the simulator.
    package func traffic(now: Int64, newest: Int64?, maximumAhead: Int64?) -> TrafficSettings {
        var settings = TrafficSettings()
        settings.seed = seed
        settings.domains = domain.map { [$0] } ?? Domain.allCases
        settings.eventsPerMinute = load.eventsPerMinute
        settings.events = events
        settings.hasLabels = false
        settings.hasActorsOfItsOwn = true
        let start = now - (Int64(durationSeconds) + Self.rampSeconds) * 1_000_000
        var time = start
        if let newest {
            // A recording of long ago goes on where it ended: an event of today would be too far ahead of it.
            let isOld = maximumAhead.map { start - newest > $0 } ?? false
            time = isOld ? newest + 1_000_000 : max(start, newest + 1_000_000)
        }
        settings.start = EventTime(microseconds: time)
        return settings
    }

    /// Whether the simulator's events fit a pipeline.
    package static func fits(_ plan: PipelinePlan) -> Bool {
        let names = Set(plan.schema.fields.map(\.name))
        return ["transaction_id", "timestamp", "actor_id", "domain", "amount"].allSatisfy(names.contains)
    }
}
