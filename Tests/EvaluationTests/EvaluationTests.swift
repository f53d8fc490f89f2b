import Base
import Evaluation
import Testing

private func card(_ number: Int) -> Text { Text("card \(number)") }

private let day = DelayedSplit.day

@Suite struct CardPrecisionTests {
    /// Two days, two cards a day. Day 1: cards 1 (.9, fraud), 2 (.8), 3 (.7, fraud): found is 1 of 2. Day 2: card 1 is gone;
    /// 3 (.6, fraud) and 2 (.5) are looked at: 1 of 2.
    @Test func foundCardsLeaveTheLaterDays() {
        let precision = CardPrecision(
            days: [1, 1, 1, 1, 2, 2, 2, 2],
            entities: [1, 2, 3, 3, 1, 1, 2, 3].map(card),
            isFraud: [true, false, false, true, true, true, false, true],
            scores: [0.9, 0.8, 0.7, 0.1, 0.99, 0.98, 0.5, 0.6],
            k: 2
        )
        #expect(precision.days == [0.5, 0.5])
        #expect(precision.mean == 0.5)
    }

    @Test func aCardIsAsBadAsItsWorstEventAndAsFraudulentAsAny() {
        // Card 1's worst event is no fraud, another of that day is.
        let precision = CardPrecision(
            days: [5, 5, 5],
            entities: [1, 1, 2].map(card),
            isFraud: [false, true, false],
            scores: [0.9, 0.1, 0.5],
            k: 1
        )
        #expect(precision.days == [1])
    }

    @Test func equalCardsStandInTheOrderOfTheDayAndFewerThanKAreDividedByK() {
        let precision = CardPrecision(
            days: [1, 1, 2],
            entities: [2, 1, 3].map(card),
            isFraud: [false, true, true],
            scores: [0.5, 0.5, 0.1],
            k: 1
        )
        #expect(precision.days == [0, 1])
        let few = CardPrecision(days: [1], entities: [card(1)], isFraud: [true], scores: [1], k: 4)
        #expect(few.days == [0.25])
        #expect(CardPrecision(days: [], entities: [], isFraud: [], scores: [], k: 4).mean == nil)
    }
}

@Suite struct RecallByKindTests {
    @Test func countsFraudsAtTheThresholdOrAbove() {
        let recall = RecallByKind(
            names: ["b", "a", "b", "0", "b"],
            isFraud: [true, true, true, false, true],
            scores: [0.5, 0.4, 0.49, 0.9, 0.51],
            threshold: 0.5
        )
        #expect(recall.kinds.map(\.name) == ["a", "b"])
        #expect(recall.kinds.map(\.frauds) == [1, 3])
        #expect(recall.kinds.map(\.found) == [0, 2])
        #expect(recall.kinds[1].recall == 2.0 / 3)
    }
}

@Suite struct CostCurveTests {
    /// Two frauds of 100 and 20; each look costs 5.
    @Test func everyPointIsWhatItsDefinitionSays() {
        let curve = CostCurve(
            days: [1, 1, 2, 2],
            isFraud: [true, false, true, false],
            scores: [0.9, 0.8, 0.3, 0.8],
            missCosts: [100, 7, 20, .nan],
            reviewCost: 5,
            capacity: nil
        )
        #expect(curve.points.map(\.threshold) == [.infinity, 0.9, 0.8, 0.3])
        #expect(curve.points.map(\.reviewed) == [0, 1, 3, 4])
        #expect(curve.points.map(\.caught) == [0, 1, 1, 2])
        #expect(curve.points.map(\.cost) == [120, 25, 35, 20])
        #expect(curve.best.threshold == 0.3)
    }

    @Test func aDayHasRoomForItsHighestScoresOnly() {
        let curve = CostCurve(
            days: [1, 1, 1, 2],
            isFraud: [false, true, true, true],
            scores: [0.9, 0.8, 0.8, 0.1],
            missCosts: [1, 10, 50, 30],
            reviewCost: 4,
            capacity: 2
        )
        // Of the two at .8 the earlier is looked at, the one of 50 is missed.
        #expect(curve.points.map(\.cost) == [90, 94, 88, 62])
        #expect(curve.points.map(\.reviewed) == [0, 1, 2, 3])
        #expect(curve.best == curve.points[3])
    }

    @Test func thinningKeepsTheEndsAndTheBest() {
        var random = Seeded(seed: 3)
        let count = 5000
        let curve = CostCurve(
            days: (0..<count).map { $0 / 500 },
            isFraud: (0..<count).map { _ in random.below(20) == 0 },
            scores: (0..<count).map { _ in random.unit() },
            missCosts: (0..<count).map { _ in Double(random.below(100)) },
            reviewCost: 3,
            capacity: 100
        )
        let thin = curve.thinned(to: 101)
        #expect(thin.count <= 101 && thin.count >= 100)
        #expect(thin.first == curve.points.first && thin.last == curve.points.last && thin.contains(curve.best))
        #expect(curve.points.allSatisfy { $0.cost >= curve.best.cost })
    }
}

@Suite struct DelayedSplitTests {
    private let split = DelayedSplit(training: 100 * day..<107 * day, delay: 7 * day, test: 114 * day..<121 * day)

    @Test func whatIsKnownDependsOnTheDay() {
        var known = KnownFrauds(split)
        known.add(card(1), at: 106 * day)
        known.add(card(2), at: 107 * day)
        known.add(card(3), at: 99 * day)
        known.add(.absent, at: 101 * day)
        // Known 7 days later, and by midnight only.
        #expect(known.contains(card(1), at: 114 * day))
        #expect(!known.contains(card(2), at: 115 * day - 1))
        #expect(known.contains(card(2), at: 115 * day))
        // Before the training began nobody looked.
        #expect(!known.contains(card(3), at: 120 * day))
        #expect(!known.contains(.absent, at: 120 * day))
        // A later fraud does not make an earlier one unknown.
        known.add(card(1), at: 118 * day)
        #expect(known.contains(card(1), at: 116 * day))
    }

    @Test func testsBeginWhenLabelsAreKnown() {
        #expect(split.isPossible)
        var early = split
        early.test = 114 * day - 1..<121 * day
        #expect(!early.isPossible)
    }

    @Test func foldsGoBackByTheTestAndNeverTestTwice() {
        let folds = split.folds(3)
        #expect(folds[0] == split)
        #expect(folds[2].training == 86 * day..<93 * day)
        #expect(folds[2].test == 100 * day..<107 * day)
        #expect(folds[1].test.upperBound == folds[0].test.lowerBound)
        #expect(folds.allSatisfy { $0.isPossible })
        #expect(split.use(of: 107 * day) == nil && split.matters(107 * day))
        #expect(split.use(of: 100 * day) == .training && split.use(of: 120 * day) == .test)
        #expect(!split.matters(121 * day) && !split.matters(100 * day - 1))
    }

    @Test func daysAreThoseOfTheZone() {
        var zoned = split
        zoned.zoneMinutes = 330
        #expect(zoned.day(of: 10 * day - 330 * 60_000_000) == 10)
        #expect(zoned.day(of: 10 * day - 330 * 60_000_000 - 1) == 9)
        #expect(zoned.start(ofDay: 10) == 10 * day - 330 * 60_000_000)
        #expect(split.day(of: -1) == -1)
    }
}
