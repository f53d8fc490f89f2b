import CKernels

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Corrects P(fraud) to how often fraud really happens among rows of that score, fitted on validation rows.
public struct Calibration: Sendable, Equatable {
    /// A map from 0…1 to 0…1 that never falls.
    public enum Map: Sendable, Equatable {
        /// 1 / (1 + exp(−(slope · logit(p) + intercept))) (Platt 1999).
        case platt(slope: Double, intercept: Double)
        /// Straight lines between these points (isotonic regression); flat outside. Scores rise strictly, values never
        /// fall.
        case isotonic(scores: [Double], values: [Double])
    }

    public var map: Map
    /// The class that is not fraud, whose probability is 1 − P(fraud); the others keep their shares of P(fraud). Of no
    /// meaning for models without classes: their one result is mapped.
    public var negativeClass: Int

    public init(map: Map, negativeClass: Int) {
        self.map = map
        self.negativeClass = negativeClass
    }

    /// Maps one probability.
    public func callAsFunction(_ score: Double) -> Double {
        switch map {
        case .platt(let slope, let intercept):
            let inner = min(max(score, 1e-12), 1 - 1e-12)
            return 1 / (1 + pa_exp(-(slope * log(inner / (1 - inner)) + intercept)))
        case .isotonic(let scores, let values):
            var low = 0
            var high = scores.count
            while low < high {
                let middle = (low + high) / 2
                if scores[middle] <= score { low = middle + 1 } else { high = middle }
            }
            guard low > 0 else { return values[0] }
            guard low < scores.count else { return values[scores.count - 1] }
            let share = (score - scores[low - 1]) / (scores[low] - scores[low - 1])
            return values[low - 1] + share * (values[low] - values[low - 1])
        }
    }

    func check(_ resultCount: Int) throws(ForestError) {
        func refuse(_ words: String) -> ForestError { .invalid(part: "calibration", words: words) }
        guard negativeClass >= 0, negativeClass < resultCount else { throw refuse("its class does not exist") }
        switch map {
        case .platt(let slope, let intercept):
            guard slope.isFinite, slope >= 0, intercept.isFinite else { throw refuse("it is not a rising line") }
        case .isotonic(let scores, let values):
            guard !scores.isEmpty, scores.count == values.count, scores.allSatisfy(\.isFinite),
                values.allSatisfy({ $0 >= 0 && $0 <= 1 }),
                zip(scores, scores.dropFirst()).allSatisfy({ $0 < $1 }),
                zip(values, values.dropFirst()).allSatisfy({ $0 <= $1 })
            else { throw refuse("its points do not rise") }
        }
    }
}
