import TestKit
import Testing

/// Goal: whoever sends events is told what became of each of them, whatever else happens while they are judged.
@Suite struct ReceiptTests {
    @Test func everyBodyIsToldWhatBecameOfItsEvents() throws {
        var (bodies, refusals, within) = (0, 0, 0)
        for seed in 1...2000 as ClosedRange<UInt64> {
            var history = ReceiptHistory(seed: seed)
            try history.run()
            bodies += history.bodies
            refusals += history.refusals
            within += history.commitsWithin
        }
        print("\(bodies) bodies with \(refusals) events that were not accepted; \(within) times a commit came within")
        // Else nothing is shown.
        #expect(refusals > 10_000 && within > 1000)
    }
}
