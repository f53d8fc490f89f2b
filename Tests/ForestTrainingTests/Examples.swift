import Base
import Bytes
import Forest
import ForestTraining

/// Three classes: an exclusive-or of two features, and a class that only missing values tell.
func examples(_ count: Int, seed: UInt64) -> TrainingSet {
    var random = Seeded(seed: seed)
    var columns: [[Float]] = [[], [], [], []]
    var labels: [UInt16] = []
    for _ in 0..<count {
        let a = Float(random.unit())
        let b = Float(random.unit())
        let isMissing = random.below(5) == 0
        columns[0].append(a)
        columns[1].append(b)
        columns[2].append(isMissing ? .nan : Float(random.below(10)))
        columns[3].append(Float(random.unit()))
        labels.append(isMissing ? 2 : (a > 0.5) != (b > 0.5) ? 1 : 0)
    }
    return TrainingSet(
        featureNames: ["a", "b", "m", "noise"],
        classNames: ["same", "different", "missing"],
        columns: columns,
        labels: labels
    )
}

/// Two classes: fraud is likelier the larger a + b, a value is missing now and then, and one feature is noise.
func frauds(_ count: Int, seed: UInt64) -> TrainingSet {
    var random = Seeded(seed: seed)
    var columns: [[Float]] = [[], [], []]
    var labels: [UInt16] = []
    for _ in 0..<count {
        let a = random.unit()
        let b = random.unit()
        columns[0].append(Float(a))
        columns[1].append(random.below(10) == 0 ? .nan : Float(b))
        columns[2].append(Float(random.unit()))
        labels.append(random.unit() < (a + b) * (a + b) / 4 ? 1 : 0)
    }
    return TrainingSet(
        featureNames: ["a", "b", "noise"],
        classNames: ["regular", "fraud"],
        columns: columns,
        labels: labels
    )
}

extension ForestModel {
    /// What a model file holds of it.
    var bytes: [UInt8] { ModelFile(forest: self, metadata: .object([])).encoded() }
}

extension TrainingSet {
    /// Share of the rows whose class a model gets right.
    func accuracy(of model: ForestModel) -> Double {
        let right = zip(predictedClasses(of: model), labels).count { $0 == Int($1) }
        return Double(right) / Double(rowCount)
    }
}
