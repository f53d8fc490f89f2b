import Foundation
import TestKit
import Testing

/// What is in force is part of the log (C11): thousands of histories in which it changes, each from its seed.
///
/// A tenth of what `PATTERNALARM_HISTORIES` says, as each runs every set over the whole log again; a seed that fails is
/// printed, and `PATTERNALARM_SEED` runs it alone.
@Suite struct ActivationTests {
    private static func setting(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
    }

    @Test func everyHistoryIsAsItsActivationsSay() throws {
        let first = Self.setting("PATTERNALARM_SEED")
        let count = first == nil ? max(100, (Self.setting("PATTERNALARM_HISTORIES") ?? 15_000) / 10) : 1
        var (crashes, activations) = (0, 0)
        for seed in 0..<count {
            var history = ActivationHistory(seed: UInt64((first ?? 1) + seed))
            try history.run()
            crashes += history.crashes
            activations += history.activations
        }
        print("\(count) histories: \(activations) activations, \(crashes) crashes; 0 differences")
        #expect(first != nil || activations > count && crashes > count)
    }

    /// A simulation that finds nothing proves nothing.
    @Test(arguments: [ActivationHistory.Bug.oneEventLate])
    func plantedBugsAreFound(bug: ActivationHistory.Bug) {
        var found = 0
        for seed in 1...100 as ClosedRange<UInt64> {
            var history = ActivationHistory(seed: seed, bug: bug)
            do { try history.run() } catch { found += 1 }
        }
        #expect(found > 0)
    }
}
