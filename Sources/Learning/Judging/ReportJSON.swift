import Bytes
import ForestTraining

/// Reports as JSON members, with the names that `evaluate --format json` documents.
enum ReportJSON {
    static func members(_ report: ClassificationReport, _ fraud: BinaryReport) -> [JSONValue.Member] {
        func optional(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }
        let classes = report.classes.map { entry in
            JSONValue.Member(
                entry.name,
                .object([
                    .init("precision", .number(entry.precision)),
                    .init("recall", .number(entry.recall)),
                    .init("f1", .number(entry.f1)),
                    .init("support", .number(Double(entry.support))),
                ])
            )
        }
        let confusion = report.classNames.enumerated().map { index, name in
            JSONValue.Member(
                name,
                .object(
                    report.classNames.enumerated().map { other, predicted in
                        .init(predicted, .number(Double(report.confusion[index][other])))
                    }
                )
            )
        }
        return [
            .init("accuracy", .number(report.accuracy)),
            .init("weighted_f1", .number(report.weightedF1)),
            .init("macro_f1", .number(report.macroF1)),
            .init("by_class", .object(classes)),
            .init("confusion", .object(confusion)),
            .init(
                "fraud",
                .object([
                    .init("precision", optional(fraud.precision)),
                    .init("recall", optional(fraud.recall)),
                    .init("false_positive_rate", optional(fraud.falsePositiveRate)),
                    .init("pr_auc", optional(fraud.areaUnderPR)),
                    .init("roc_auc", optional(fraud.areaUnderROC)),
                ])
            ),
        ]
    }

    /// Features by name, the most important first.
    static func importance(_ names: [String], _ values: [Double]) -> JSONValue {
        let order = names.indices.sorted { (-values[$0], $0) < (-values[$1], $1) }
        return .object(order.map { .init(names[$0], .number(values[$0])) })
    }

    /// How scores fit before and after a calibration that has not seen these events.
    static func reliability(_ pair: (before: Reliability, after: Reliability)) -> JSONValue {
        func one(_ reliability: Reliability) -> JSONValue {
            let tenths = reliability.tenths.map { tenth in
                JSONValue.object([
                    .init("events", .number(Double(tenth.rows))),
                    .init("mean_score", .number(tenth.meanScore)),
                    .init("fraud_share", .number(tenth.fraudShare)),
                ])
            }
            return .object([
                .init("brier", .number(reliability.brier)),
                .init("calibration_error", .number(reliability.calibrationError)),
                .init("tenths", .list(tenths)),
            ])
        }
        return .object([.init("before", one(pair.before)), .init("after", one(pair.after))])
    }
}
