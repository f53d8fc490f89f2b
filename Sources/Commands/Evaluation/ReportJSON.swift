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
}
