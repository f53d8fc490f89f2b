import Base
import Forest
import ForestTraining
import Testing

@Suite struct CalibrationTests {
    /// Scores whose true probability is a curve of them.
    private func rows(_ count: Int, seed: UInt64, _ curve: (Double) -> Double) -> (scores: [Double], truth: [Bool]) {
        var random = Seeded(seed: seed)
        let scores = (0..<count).map { _ in random.unit() }
        return (scores, scores.map { random.unit() < curve($0) })
    }

    @Test func poolsByHand() throws {
        // 0 | 1 0 pooled to ½ | 1: each block is a point at its mean score.
        let fitted = try #require(
            Calibration.isotonic(scores: [0.1, 0.3, 0.5, 0.9], truth: [false, true, false, true], negativeClass: 0)
        )
        guard case .isotonic(let scores, let values) = fitted.map else {
            Issue.record("it is not isotonic")
            return
        }
        #expect(scores == [0, 0.1, 0.4, 0.9, 1])
        #expect(values == [0, 0, 0.5, 1, 1])
        #expect(Calibration.isotonic(scores: [0.1, 0.2], truth: [true, true], negativeClass: 0) == nil)
    }

    @Test func bothFindTheCurve() throws {
        let training = rows(20_000, seed: 1) { $0 * $0 }
        let test = rows(20_000, seed: 2) { $0 * $0 }
        let before = Reliability(scores: test.scores, truth: test.truth)
        for fit in [Calibration.isotonic, Calibration.platt] {
            let fitted = try #require(fit(training.scores, training.truth, 0))
            let mapped = test.scores.map { fitted($0) }
            let after = Reliability(scores: mapped, truth: test.truth)
            #expect(after.brier < before.brier - 0.02)
            #expect(after.calibrationError < 0.05)
            let ascending = stride(from: 0.0, through: 1, by: 0.001).map { fitted($0) }
            #expect(zip(ascending, ascending.dropFirst()).allSatisfy { $0 <= $1 })
            #expect(ascending.allSatisfy { $0 >= 0 && $0 <= 1 })
        }
    }

    @Test func plattFindsSlopeAndIntercept() throws {
        let training = rows(200_000, seed: 3) { score in
            let odds = score / (1 - score)
            return odds * odds / (odds * odds + 2)
        }
        let fitted = try #require(
            Calibration.platt(scores: training.scores, truth: training.truth, negativeClass: 0)
        )
        guard case .platt(let slope, let intercept) = fitted.map else {
            Issue.record("it is not Platt's")
            return
        }
        #expect(abs(slope - 2) < 0.05)
        #expect(abs(intercept + 0.693) < 0.05)
        #expect(Calibration.platt(scores: [0.1, 0.9], truth: [true, false], negativeClass: 0) == nil)
    }

    @Test func reliabilityByHand() {
        let reliability = Reliability(scores: [0.05, 0.95, 0.85, 1], truth: [false, true, false, true])
        #expect(abs(reliability.brier - (0.0025 + 0.0025 + 0.7225 + 0) / 4) < 1e-12)
        #expect(reliability.tenths.map(\.rows) == [1, 1, 2])
        #expect(reliability.tenths.map(\.fraudShare) == [0, 0, 1])
        #expect(abs(reliability.calibrationError - (0.05 + 0.85 + 2 * 0.025) / 4) < 1e-12)
    }

    @Test func aRecipeStopsAndCalibratesOnValidationRows() throws {
        var parameters = BoostedTreesTrainer.Parameters()
        parameters.rounds = 200
        parameters.patience = 10
        parameters.positiveWeight = 8
        let set = frauds(6000, seed: 4)
        let recipe = TrainingRecipe(.boosting(parameters), calibration: .isotonic)
        let fit = try recipe.fit(set, training: Array(0..<4000), validation: Array(4000..<6000), threads: 2)
        let judged = try #require(fit.judged)
        #expect(judged.rounds < 200 && fit.final.rounds == judged.rounds)
        #expect(fit.final.model.calibration == judged.model.calibration && judged.model.calibration != nil)
        let reliability = try #require(fit.reliability)
        #expect(reliability.after.brier < reliability.before.brier)
        let test = frauds(4000, seed: 5)
        let mean = test.fraudScores(of: fit.final.model, negativeClass: 0).reduce(0, +) / 4000
        #expect(abs(mean - Double(test.labels.count { $0 == 1 }) / 4000) < 0.03)
        // Without validation rows: one training, all rounds.
        let whole = try recipe.fit(set, training: [], validation: [], threads: 1)
        #expect(whole.judged == nil && whole.final.rounds == 200 && whole.final.model.calibration == nil)
    }
}
