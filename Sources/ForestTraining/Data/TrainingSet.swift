import Base
import Forest

/// Rows to learn from: features by column, the class of each row.
public struct TrainingSet: Sendable {
    public var featureNames: [String]
    public var classNames: [String]
    /// [feature][row]; NaN = missing.
    public var columns: [[Float]]
    /// Index into `classNames` of each row.
    public var labels: [UInt16]

    /// One column a feature, one value in each and one label a row; labels are indices of the classes.
    public init(featureNames: [String], classNames: [String], columns: [[Float]], labels: [UInt16]) {
        precondition(columns.count == featureNames.count, "There is one column a feature.")
        precondition(columns.allSatisfy { $0.count == labels.count }, "All columns have one value a row.")
        self.featureNames = featureNames
        self.classNames = classNames
        self.columns = columns
        self.labels = labels
    }

    public var rowCount: Int { labels.count }

    /// The rows of those numbers, in that order.
    public func selecting(_ rows: [Int]) -> TrainingSet {
        TrainingSet(
            featureNames: featureNames,
            classNames: classNames,
            columns: columns.map { column in rows.map { column[$0] } },
            labels: rows.map { labels[$0] }
        )
    }
}

extension TrainingSet {
    /// Refuses rows that a classifier cannot learn from.
    func checkClasses() throws(ForestError) {
        guard classNames.count >= 2 else {
            throw .invalid(part: "classes", words: "two or more are needed")
        }
        guard rowCount > 0 else { throw .invalid(part: "rows", words: "there are none") }
        guard labels.allSatisfy({ Int($0) < classNames.count }) else {
            throw .invalid(part: "labels", words: "one is of no class")
        }
    }

    /// What a row of each class weighs.
    ///
    /// - Parameters:
    ///   - balanced: Every class that occurs weighs the same in total, all rows together as much as there are rows.
    ///   - positive: With two classes, the weight of the second one is multiplied by this.
    /// - Returns: One weight a class.
    func classWeights(balanced: Bool, positive: Double = 1) -> [Double] {
        var weights = Array(repeating: 1.0, count: classNames.count)
        if balanced {
            var counts = Array(repeating: 0, count: classNames.count)
            for label in labels { counts[Int(label)] += 1 }
            let present = counts.count { $0 > 0 }
            for (index, count) in counts.enumerated() where count > 0 {
                weights[index] = Double(rowCount) / Double(count * present)
            }
        }
        if weights.count == 2 { weights[1] *= positive }
        return weights
    }
}

/// Rows to fit and rows to judge by: later in time, and of entities that the fit has not seen; never split by row.
///
/// Where entities come back for months (cards, terminals), hardly any later row is of a new one: if fewer than a tenth
/// are, all later rows are judged by.
public struct TimeEntitySplit: Sendable, Equatable {
    public var training: [Int] = []
    /// In the order of time.
    public var validation: [Int] = []
    /// The first instant of the validation rows, microseconds.
    public var cut: Int64
    /// Whether entities of the validation rows occur in the training rows.
    public var sharesEntities = false

    /// - Parameters:
    ///   - times: Event time of each row, microseconds.
    ///   - entities: Whom each row is about.
    ///   - trainingShare: Share of the rows, by time, that come before the cut.
    public init(times: [Int64], entities: [Text], trainingShare: Double) {
        precondition(times.count == entities.count, "A row has a time and an entity.")
        let sorted = times.sorted()
        cut = sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * trainingShare))]
        var known: Set<Text> = []
        for row in times.indices where times[row] < cut {
            training.append(row)
            known.insert(entities[row])
        }
        var later: [Int] = []
        for row in times.indices where times[row] >= cut {
            later.append(row)
            if !known.contains(entities[row]) { validation.append(row) }
        }
        if validation.count * 10 < later.count {
            validation = later
            sharesEntities = true
        }
        validation.sort { (times[$0], $0) < (times[$1], $1) }
    }
}
