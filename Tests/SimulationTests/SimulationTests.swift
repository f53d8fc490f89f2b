import Foundation
import TestKit
import Testing

/// The whole core on a disk that crashes (after TigerBeetle's VOPR): thousands of histories, each from its seed.
///
/// `PATTERNALARM_HISTORIES` sets how many; a seed that fails is printed, and `PATTERNALARM_SEED` runs it alone.
@Suite struct SimulationTests {
    private static func setting(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
    }

    @Test func everyHistoryEndsAsIfNothingHadHappened() throws {
        let first = Self.setting("PATTERNALARM_SEED")
        let count = first == nil ? Self.setting("PATTERNALARM_HISTORIES") ?? 10_000 : 1
        let start = ContinuousClock.now
        var crashes = 0
        var used = 0
        var faults = 0
        for seed in 0..<count {
            var history = History(seed: UInt64((first ?? 1) + seed))
            try history.run()
            crashes += history.crashes
            used += history.checkpointsUsed
            faults += history.faults
        }
        let seconds = Double((ContinuousClock.now - start).components.seconds) + 0.001
        print(
            "\(count) histories: \(crashes) crashes, \(faults) by an I/O fault, \(used) recoveries from a checkpoint; "
                + "0 differences; \(Int(Double(count) / seconds * 60)) a minute"
        )
        #expect(first != nil || crashes > count && used > count / 2 && faults > count / 10)
    }

    /// A simulation that finds nothing proves nothing: bugs planted on purpose must be found.
    @Test(arguments: [History.Bug.lyingSync, .offsetFirst, .checkpointAhead, .lyingSinkSync])
    func plantedBugsAreFound(bug: History.Bug) {
        var found = 0
        for seed in 1...400 as ClosedRange<UInt64> {
            var history = History(seed: seed, bug: bug)
            do { try history.run() } catch { found += 1 }
        }
        #expect(found > 0)
    }
}
