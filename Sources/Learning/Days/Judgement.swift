import Base
import Bytes
public import Evaluation
import ForestTraining

/// How right a model was on the test days of one split.
public struct Judgement: Sendable {
    var trainingRows: Int
    var trainingFrauds: Int
    var testRows: Int
    var testFrauds: Int
    /// Test events left out because their entity was known to be compromised.
    var knownRows: Int
    var areaUnderROC: Double?
    var averagePrecision: Double?
    var cardPrecision: Double?
    var precisionAt: Int
    var cost: CostCurve?
    var kinds: [RecallByKind.Kind] = []
    /// The least score that counts as found where kinds are listed: the cheapest threshold, 0.5 without costs.
    var threshold: Double

    /// - Parameters:
    ///   - data: All rows.
    ///   - parts: Which of them the split uses.
    ///   - scores: P(fraud) of the test rows.
    ///   - split: The split.
    public init(
        _ data: ProtocolData,
        _ parts: (training: [Int], test: [Int], known: Int),
        scores: [Double],
        split: DelayedSplit
    ) {
        let settings = data.settings
        let isFraud = parts.test.map { data.isFraud[$0] }
        let days = parts.test.map { split.day(of: data.rows.times[$0]) }
        trainingRows = parts.training.count
        trainingFrauds = parts.training.count { data.isFraud[$0] }
        testRows = parts.test.count
        testFrauds = isFraud.count { $0 }
        knownRows = parts.known
        precisionAt = settings.precisionAt
        let report = BinaryReport(truth: isFraud, decided: isFraud, scores: scores)
        areaUnderROC = report.areaUnderROC
        averagePrecision = report.areaUnderPR
        cardPrecision =
            CardPrecision(
                days: days,
                entities: parts.test.map { data.rows.entities[$0] },
                isFraud: isFraud,
                scores: scores,
                k: settings.precisionAt
            ).mean
        if let reviewCost = settings.reviewCost, data.hasCosts {
            cost = CostCurve(
                days: days,
                isFraud: isFraud,
                scores: scores,
                missCosts: parts.test.map { data.missCosts[$0] },
                reviewCost: reviewCost,
                capacity: settings.capacity
            )
        }
        threshold = cost?.best.threshold ?? 0.5
        if data.hasKinds {
            let names = parts.test.map { data.kinds[$0] }
            kinds = RecallByKind(names: names, isFraud: isFraud, scores: scores, threshold: threshold).kinds
        }
    }

    /// The figures by the names that tables, JSON and the database have for them.
    public var figures: [(name: String, value: Double?)] {
        var figures: [(name: String, value: Double?)] = [
            ("train_rows", Double(trainingRows)), ("train_frauds", Double(trainingFrauds)),
            ("test_rows", Double(testRows)), ("test_frauds", Double(testFrauds)),
            ("known_rows", Double(knownRows)),
            ("roc_auc", areaUnderROC), ("average_precision", averagePrecision),
            ("card_precision_at_\(precisionAt)", cardPrecision),
        ]
        if let cost {
            let points = cost.points
            figures += [
                ("best_threshold", cost.best.threshold.isFinite ? cost.best.threshold : nil),
                ("best_cost", cost.best.cost), ("best_reviewed", Double(cost.best.reviewed)),
                ("best_caught", Double(cost.best.caught)), ("cost_without_reviews", points[0].cost),
                ("cost_without_threshold", points[points.count - 1].cost),
            ]
        }
        for kind in kinds { figures.append(("recall.\(kind.name)", kind.recall)) }
        return figures
    }

    var json: JSONValue {
        var members = figures.map { JSONValue.Member($0.name, $0.value.map { .number($0) } ?? .null) }
        if !kinds.isEmpty { members.append(.init("recall_threshold", threshold.isFinite ? .number(threshold) : .null)) }
        if let cost {
            let points = cost.thinned(to: Self.curvePoints).map { point in
                JSONValue.object([
                    .init("threshold", point.threshold.isFinite ? .number(point.threshold) : .null),
                    .init("reviewed", .number(Double(point.reviewed))),
                    .init("caught", .number(Double(point.caught))),
                    .init("cost", .number(point.cost)),
                ])
            }
            members.append(.init("cost_curve", .list(points)))
        }
        return .object(members)
    }

    /// Ends of the names of figures that are whole numbers.
    public static let counts = ["_rows", "_frauds", "_reviewed", "_caught"]

    /// Points of the cost curve that a report shows.
    static let curvePoints = 101
}
