/// How well predicted classes fit the true ones.
public struct ClassificationReport: Sendable, Equatable {
    public struct Class: Sendable, Equatable {
        public var name: String
        public var precision: Double
        public var recall: Double
        public var f1: Double
        /// Rows that truly are of the class.
        public var support: Int
    }

    /// In the order of the class names; only classes that occur in truth or prediction.
    public var classes: [Class] = []
    public var classNames: [String]
    /// [true][predicted] rows.
    public var confusion: [[Int]]
    public var accuracy = 0.0
    /// Mean F1 over the classes that occur in truth; weighted by their support.
    public var macroF1 = 0.0
    public var weightedF1 = 0.0

    /// Precision of a class nobody predicted, and recall of one that does not occur, count as 0.
    public init(classNames: [String], truth: [Int], predicted: [Int]) {
        precondition(truth.count == predicted.count, "Every row has a truth and a prediction.")
        self.classNames = classNames
        confusion = Array(repeating: Array(repeating: 0, count: classNames.count), count: classNames.count)
        for (actual, guess) in zip(truth, predicted) { confusion[actual][guess] += 1 }
        var correct = 0
        var macro = 0.0
        var weighted = 0.0
        var present = 0
        for index in classNames.indices {
            let hits = confusion[index][index]
            let support = confusion[index].reduce(0, +)
            let claimed = confusion.reduce(0) { $0 + $1[index] }
            correct += hits
            guard support > 0 || claimed > 0 else { continue }
            let precision = claimed == 0 ? 0 : Double(hits) / Double(claimed)
            let recall = support == 0 ? 0 : Double(hits) / Double(support)
            let f1 = hits == 0 ? 0 : 2 * precision * recall / (precision + recall)
            classes.append(
                Class(name: classNames[index], precision: precision, recall: recall, f1: f1, support: support)
            )
            guard support > 0 else { continue }
            present += 1
            macro += f1
            weighted += f1 * Double(support)
        }
        guard !truth.isEmpty else { return }
        accuracy = Double(correct) / Double(truth.count)
        macroF1 = macro / Double(present)
        weightedF1 = weighted / Double(truth.count)
    }
}

/// How well a yes/no decision and the score behind it fit the truth.
public struct BinaryReport: Sendable, Equatable {
    /// Nil where the denominator is empty.
    public var precision: Double?
    public var recall: Double?
    public var falsePositiveRate: Double?
    public var areaUnderROC: Double?
    /// Average precision: the step-wise sum over thresholds, without interpolation.
    public var areaUnderPR: Double?

    /// Compares what is true of each row with what was decided, and with its score, 0…1. All are of one length.
    public init(truth: [Bool], decided: [Bool], scores: [Double]) {
        var hits = 0
        var falseAlarms = 0
        var positives = 0
        for index in truth.indices {
            positives += truth[index] ? 1 : 0
            guard decided[index] else { continue }
            if truth[index] { hits += 1 } else { falseAlarms += 1 }
        }
        let negatives = truth.count - positives
        precision = hits + falseAlarms == 0 ? nil : Double(hits) / Double(hits + falseAlarms)
        recall = positives == 0 ? nil : Double(hits) / Double(positives)
        falsePositiveRate = negatives == 0 ? nil : Double(falseAlarms) / Double(negatives)
        guard positives > 0 else { return }
        (areaUnderROC, areaUnderPR) = Self.areas(truth, scores, positives: positives, negatives: negatives)
    }

    /// One pass from the highest score down; equal scores are one threshold.
    private static func areas(
        _ truth: [Bool],
        _ scores: [Double],
        positives: Int,
        negatives: Int
    ) -> (roc: Double?, pr: Double) {
        let order = scores.indices.sorted { scores[$0] > scores[$1] }
        var hits = 0
        var misses = 0
        var roc = 0.0
        var pr = 0.0
        var index = 0
        while index < order.count {
            let score = scores[order[index]]
            var newHits = 0
            var newMisses = 0
            while index < order.count, scores[order[index]] == score {
                if truth[order[index]] { newHits += 1 } else { newMisses += 1 }
                index += 1
            }
            roc += Double(newMisses) * (Double(hits) + Double(newHits) / 2)
            hits += newHits
            misses += newMisses
            pr += Double(newHits) / Double(positives) * Double(hits) / Double(hits + misses)
        }
        return (negatives == 0 ? nil : roc / (Double(positives) * Double(negatives)), pr)
    }
}
