public import Forest

/// What the results of a row mean, whatever model they are of: the one place that says so.
public struct ResultMeaning: Sendable, Equatable {
    /// Whether there is a result for each class: probabilities. Else the only result says how far a row is from what is
    /// usual.
    public let hasClasses: Bool
    /// Index of the class that is not fraud; 0 without classes.
    public let negativeClass: Int
    /// What events are told apart as; without classes what is not fraud and "anomaly".
    public let classNames: [String]

    /// Nil if the model has classes and this is none of them.
    ///
    /// - Parameters:
    ///   - kind: What the model says that its results are.
    ///   - negative: The class that is not fraud.
    public init?(_ kind: ForestModel.Kind, negative: String) {
        guard case .classification(let names) = kind else {
            self.init(hasClasses: false, negativeClass: 0, classNames: [negative, "anomaly"])
            return
        }
        guard let index = names.firstIndex(of: negative) else { return nil }
        self.init(hasClasses: true, negativeClass: index, classNames: names)
    }

    /// The same where the class is known by its number.
    public init(_ kind: ForestModel.Kind, negativeClass: Int) {
        guard case .classification(let names) = kind else {
            self.init(hasClasses: false, negativeClass: 0, classNames: ["regular", "anomaly"])
            return
        }
        self.init(hasClasses: true, negativeClass: negativeClass, classNames: names)
    }

    private init(hasClasses: Bool, negativeClass: Int, classNames: [String]) {
        self.hasClasses = hasClasses
        self.negativeClass = negativeClass
        self.classNames = classNames
    }

    /// The names of what is fraud.
    public var fraudClasses: [String] { classNames.indices.filter { $0 != negativeClass }.map { classNames[$0] } }

    /// 1 − P(not fraud), or the only result, as the model has it: rounding may have left 0…1.
    @inlinable
    public func risk(_ results: UnsafeBufferPointer<Float>) -> Double {
        hasClasses ? 1 - Double(results[negativeClass]) : Double(results[0])
    }

    /// P(fraud), 0…1 (C10). NaN where a model has no result: no threshold is reached then, and it is no score of 0.
    @inlinable
    public func score(_ results: UnsafeBufferPointer<Float>) -> Double {
        let risk = risk(results)
        return risk.isNaN ? risk : min(1, max(0, risk))
    }

    /// The most probable class, an index into ``classNames``; without classes 1 from 0.5 on.
    public func predictedClass(_ results: UnsafeBufferPointer<Float>) -> Int {
        guard hasClasses else { return results[0] >= 0.5 ? 1 : 0 }
        return Self.mostProbable(results)
    }

    /// The first of the largest, counted from 0.
    public static func mostProbable<Results: RandomAccessCollection>(_ results: Results) -> Int
    where Results.Index == Int, Results.Element: Comparable {
        let first = results.startIndex
        return results.indices.reduce(first) { results[$1] > results[$0] ? $1 : $0 } - first
    }

    /// The most probable kind of fraud, of equal ones the first.
    public func fraudClass(_ results: UnsafeBufferPointer<Float>) -> String {
        guard hasClasses else { return classNames[1] }
        var best = -1
        for index in results.indices where index != negativeClass {
            if best < 0 || results[index] > results[best] { best = index }
        }
        return best < 0 ? "" : classNames[best]
    }

    /// How probable each of ``classNames`` is.
    public func probabilities(_ results: UnsafeBufferPointer<Float>) -> [(name: String, probability: Double)] {
        guard hasClasses else {
            let score = score(results)
            return [(classNames[0], 1 - score), (classNames[1], score)]
        }
        return zip(classNames, results).map { ($0, Double($1)) }
    }
}
