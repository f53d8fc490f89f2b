public import Console
import Forest
public import ForestTraining
import Tables

/// Rows with whole numbers from 0 as labels; 0 is not fraud.
public struct LabelledRows {
    fileprivate let path: String
    private let names: [String]
    private let columns: [[Float]]
    private let labels: [UInt16]
    /// One above the largest label.
    fileprivate let classCount: Int

    /// - Parameters:
    ///   - path: Rows as .npy or CSV.
    ///   - labels: The file of the labels, as .npy, if they are in another one.
    ///   - column: The labels' column otherwise.
    /// - Throws: ``CommandError/input(_:)``
    public init(_ path: String, labels: String?, column: String) throws(CommandError) {
        let table = try CommandError.running { () throws(TableError) in try NumberTable(path) }
        var features = Array(table.names.indices)
        let values: [Float]
        if let labels {
            let others = try CommandError.running { () throws(TableError) in try NumberTable(labels) }
            values = others.names.isEmpty ? [] : others.floats(of: 0)
        } else if let place = table.names.firstIndex(of: column) {
            features.remove(at: place)
            values = table.floats(of: place)
        } else {
            throw .input("\(path) has no column \"\(column)\": name it with --label, or give its labels as a file")
        }
        guard values.count == table.rowCount, !values.isEmpty else {
            throw .input("\(path): \(table.rowCount) rows and \(values.count) labels do not fit")
        }
        for value in values {
            guard value >= 0, value < 1024, value == value.rounded() else {
                throw .input("\(path): the label \(value) is not a whole number from 0 to 1023")
            }
        }
        self.path = path
        names = features.map { table.names[$0] }
        columns = features.map { table.floats(of: $0) }
        self.labels = values.map { UInt16($0) }
        classCount = Int(self.labels.max() ?? 0) + 1
    }

    fileprivate func set(classCount: Int) -> TrainingSet {
        TrainingSet(
            featureNames: names,
            classNames: (0..<classCount).map { String($0) },
            columns: columns,
            labels: labels
        )
    }
}

/// What a training costs, and how good its model is on other rows.
public struct TrainingBenchmark {
    private let set: TrainingSet
    private let judged: TrainingSet
    private let trained: TrainedForest
    private let cost: Cost
    private let threads: Int
    /// P(fraud) of the rows that the model was judged by.
    public let scores: [Double]

    /// Trains some times; the best one counts.
    ///
    /// - Parameters:
    ///   - rows: To train on.
    ///   - test: To judge by, with the same columns.
    ///   - recipe: What is trained.
    ///   - threads: How many.
    ///   - runs: How often, at least once.
    /// - Throws: ``CommandError/plan(_:)`` if there is nothing to learn.
    public init(
        _ rows: LabelledRows,
        _ test: LabelledRows,
        recipe: TrainingRecipe,
        threads: Int,
        runs: Int
    ) throws(CommandError) {
        let classCount = max(2, rows.classCount, test.classCount)
        set = rows.set(classCount: classCount)
        judged = test.set(classCount: classCount)
        self.threads = threads
        guard set.featureNames == judged.featureNames else {
            throw .input("\(rows.path) and \(test.path) have different columns")
        }
        var (last, best) = try Self.train(set, recipe, threads: threads)
        for _ in 1..<max(1, runs) {
            let (trained, cost) = try Self.train(set, recipe, threads: threads)
            (last, best) = (trained, cost.cpu < best.cpu ? cost : best)
        }
        (trained, cost) = (last, best)
        scores = judged.fraudScores(of: trained.model, negativeClass: 0)
    }

    private static func train(
        _ set: TrainingSet,
        _ recipe: TrainingRecipe,
        threads: Int
    ) throws(CommandError) -> (TrainedForest, Cost) {
        let before = Cost.now
        do throws(ForestError) {
            let trained = try recipe.fit(set, training: [], validation: [], threads: threads).final
            return (trained, Cost.now - before)
        } catch {
            throw .plan(error.description)
        }
    }

    /// The figures by their names.
    public var listing: Listing {
        let truth = judged.labels.map { $0 != 0 }
        let report = BinaryReport(truth: truth, decided: truth, scores: scores)
        let predicted = trained.model.classNames.isEmpty ? [] : judged.predictedClasses(of: trained.model)
        let right = zip(predicted, judged.labels).count { $0 == Int($1) }
        let accuracy = predicted.isEmpty ? nil : Double(right) / Double(max(1, predicted.count))
        let leaves = trained.model.trees.reduce(0) { $0 + $1.leafCount }
        var listing = Listing(columns: ["figure", "value"], rows: [])
        func add(_ name: String, _ cell: Cell) { listing.rows.append([.text(name), cell]) }
        add("rows", .integer(set.rowCount))
        add("features", .integer(set.columns.count))
        add("classes", .integer(set.classNames.count))
        add("threads", .integer(threads))
        add("trees", .integer(trained.model.trees.count))
        add("leaves_per_tree", .number(Double(leaves) / Double(max(1, trained.model.trees.count)), decimals: 1))
        add("cpu_s", .number(cost.cpu, decimals: 3))
        add("wall_s", .number(cost.wall, decimals: 3))
        add("test_rows", .integer(judged.rowCount))
        add("accuracy", .optional(accuracy))
        add("roc_auc", .optional(report.areaUnderROC))
        add("average_precision", .optional(report.areaUnderPR))
        add("brier", .number(Reliability(scores: scores, truth: truth).brier, decimals: 5))
        return listing
    }
}
