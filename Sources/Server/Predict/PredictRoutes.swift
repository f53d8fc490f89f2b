import Bytes
import Engine
import Forest
import HTTPTypes
import Hummingbird
import Runtime

/// Judges transactions that come with the request, apart from the stream.
struct PredictRoutes {
    private let context: ServerContext
    private let reader: PredictionReader
    /// Nil in a pipeline without a model.
    private let predictor: Predictor?

    /// Bytes of a body at most, and of one with many actors.
    private static let sizeMax = 1 << 20
    private static let batchSizeMax = 8 << 20
    /// Actors that are judged before others get their turn.
    private static let turn = 8

    init(_ context: ServerContext) {
        self.context = context
        reader = PredictionReader(context.plan)
        do throws(PredictionError) {
            predictor = try Predictor(plan: context.plan, bindings: context.bindings)
        } catch {
            predictor = nil
        }
    }

    func add(to router: Router<BasicRequestContext>) {
        router.post("/predict") { request, _ in try await single(request) }
        router.post("/predict/batch") { request, _ in try await batch(request) }
        router.get("/predict/health") { request, _ in
            try QueryParameters(request, known: []).finish()
            return Answer.json(health)
        }
    }

    private func single(_ request: Request) async throws -> Response {
        try QueryParameters(request, known: []).finish()
        let bytes = try await RequestBody.bytes(of: request, limit: Self.sizeMax)
        guard let predictor else { throw PredictionAnswer.noModel }
        let actor = try reader.single(bytes)
        let (prediction, seconds) = try judge(actor, predictor)
        return Answer.json(PredictionAnswer.json(prediction, of: actor, seconds: seconds))
    }

    private func batch(_ request: Request) async throws -> Response {
        try QueryParameters(request, known: []).finish()
        let bytes = try await RequestBody.bytes(of: request, limit: Self.batchSizeMax)
        guard let predictor else { throw PredictionAnswer.noModel }
        let items = try reader.batch(bytes)
        var answers: [JSONValue] = []
        var total = 0.0
        var judged = 0
        for (index, item) in items.enumerated() {
            if index % Self.turn == Self.turn - 1 { await Task.yield() }
            do throws(Problem) {
                let actor = try item.request.get()
                let (prediction, seconds) = try judge(actor, predictor)
                total += seconds
                judged += 1
                answers.append(PredictionAnswer.json(prediction, of: actor, seconds: seconds, inBatch: true))
            } catch {
                answers.append(
                    .object([
                        .init("actor_id", .text(item.actorID)), .init("request_id", .text(item.requestID)),
                        .init("error", error.json),
                    ])
                )
            }
        }
        return Answer.json(
            .object([
                .init("predictions", .list(answers)), .init("ml_version", .text(predictor.binding.id)),
                .init("total_inference_time_ms", .real(total * 1000)), .init("actors_analyzed", .integer(judged)),
            ])
        )
    }

    private func judge(
        _ actor: PredictionRequest,
        _ predictor: Predictor
    ) throws(Problem) -> (prediction: Prediction, seconds: Double) {
        let start = ContinuousClock.now
        do throws(PredictionError) {
            let prediction = try predictor.predict(actor.events)
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            context.predicted(prediction.model, prediction.isFraud, seconds)
            return (prediction, seconds)
        } catch {
            throw PredictionAnswer.problem(error, context.plan)
        }
    }

    private var health: JSONValue {
        guard let binding = predictor?.binding else {
            return .object([
                .init("status", .text("no_model")), .init("ml_type", .null), .init("ml_version", .null),
                .init("classes", .list([])), .init("load_time_sec", .null),
            ])
        }
        return .object([
            .init("status", .text("healthy")),
            .init("ml_type", .text(binding.forest.kind == .anomaly ? "anomaly forest" : "classification forest")),
            .init("ml_version", .text(binding.id)), .init("classes", .texts(binding.classNames)),
            .init("load_time_sec", .real(context.modelLoadSeconds)),
        ])
    }
}
