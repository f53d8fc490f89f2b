import Bytes
import HTTPTypes
import Models
import Plan
import Runtime

/// What a model says of an actor, as the API shows it.
enum PredictionAnswer {
    static func json(
        _ prediction: Prediction,
        reasons: [Reason],
        of request: PredictionRequest,
        plan: PipelinePlan,
        seconds: Double,
        inBatch: Bool = false
    ) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("actor_id", .text(request.actorID)), .init("request_id", .text(request.requestID)),
            .init("fraud_type", .text(prediction.type)), .init("is_fraud", .bool(prediction.isFraud)),
            .init("score", .real(prediction.score)), .init("severity", .text(prediction.severity)),
            .init("confidence", .real(prediction.confidence)),
            .init(
                "probabilities",
                .object(prediction.probabilities.map { .init($0.name, .real($0.probability)) })
            ),
            .init("transactions_analyzed", .integer(prediction.eventCount)),
            .init("total_amount", .real(prediction.amount)),
            .init("time_window_sec", .real(Double(prediction.span) / 1_000_000)),
            .init("ml_version", .text(prediction.model)), .init("inference_time_ms", .real(seconds * 1000)),
            .init("reasons", .list(reasons.enumerated().map { reason($0 + 1, $1, plan) })),
        ]
        if inBatch { members.append(.init("error", .null)) }
        return .object(members)
    }

    private static func reason(_ rank: Int, _ reason: Reason, _ plan: PipelinePlan) -> JSONValue {
        let feature = plan.features[reason.feature]
        return .object([
            .init("rank", .integer(rank)), .init("feature", .text(feature.name)),
            .init("title", .text(feature.title ?? feature.name)), .init("value", .real(reason.value)),
            .init("typical", .real(reason.typical)), .init("contribution", .real(reason.contribution)),
        ])
    }

    /// Why an actor cannot be judged; what cannot be scored never has a score.
    static func problem(_ error: PredictionError, _ plan: PipelinePlan) -> Problem {
        switch error {
        case .noModel: noModel
        case .noEvents: Problem(.unprocessableContent, "no transaction is left that counts")
        case .events(let faults):
            Problem(
                .unprocessableContent,
                "the pipeline does not accept these transactions",
                errors: faults.map { fault in
                    .init(
                        pointer: "/transactions/\(fault.index)" + pointer(fault.field, plan),
                        detail: (fault.field.map { "\($0) " } ?? "") + fault.reason
                    )
                }
            )
        }
    }

    static let noModel = Problem(
        .conflict,
        "the pipeline that runs has no detector with a model: there is nothing to predict with"
    )

    /// Where a field is in a transaction.
    private static func pointer(_ field: String?, _ plan: PipelinePlan) -> String {
        guard let field, let index = plan.schema.index(of: field) else { return "" }
        let path = plan.schema.fields[index].path.prefix { $0 != "[" }
        return path.split(separator: ".").map { "/" + RequestBody.escaped(String($0)) }.joined()
    }
}
