import TestKit
import Testing

/// Runs over ranges of event time, killed and gone on with: every line is taken once, or said to be left out, and what the
/// log and the alerts hold in the end depends on the runs alone.
@Suite struct RangeHistoryTests {
    @Test func everyLineIsTakenOnceOrSaidToBeLeftOut() throws {
        var (crashes, partial, later) = (0, 0, 0)
        for seed in Seeds.upTo(600) {
            var calm = RangeHistory(seed: seed, mayCrash: false)
            let expected = try calm.play()
            var history = RangeHistory(seed: seed, mayCrash: true)
            let found = try history.play()
            #expect(found.lines == expected.lines, "seed \(seed)")
            #expect(found.contents == expected.contents, "seed \(seed): the alerts differ")
            crashes += history.crashes
            partial += history.partialRuns
            later += history.laterTaken
        }
        let count = Seeds.upTo(600).count
        print(
            "\(count) histories: \(crashes) crashes, \(partial) runs left out events, \(later) took such events later"
        )
        #expect(crashes > count && partial > count && later > count)
    }

    /// A simulation that finds nothing proves nothing.
    @Test func aForgottenRangeIsFound() {
        var found = 0
        for seed in Seeds.upTo(50) {
            var history = RangeHistory(seed: seed, mayCrash: false, forgetsRanges: true)
            do { _ = try history.play() } catch { found += 1 }
        }
        #expect(found > Seeds.upTo(50).count / 2)
    }
}
