import Bytes
import HTTPTypes
import Hummingbird
import Models
import Runtime

/// Judges transactions that come with the request, apart from the stream.
struct PredictRoutes {
    private let context: ServerContext
    private let judge: Followed<PredictionJudge?>

    /// Actors that are judged together, before other requests get their turn.
    private static let turn = 32

    init(_ context: ServerContext) {
        self.context = context
        judge = Followed(context.engine.definitions) { PredictionJudge($0) }
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
        let bytes = try await RequestBody.bytes(of: request)
        guard let judge = judge.value else { throw PredictionAnswer.noModel }
        let actor = try judge.reader.single(bytes)
        let start = ContinuousClock.now
        let prediction = try judge.predict(actor)
        let reasons = await judge.queue.reasons(of: [prediction])
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        context.predicted(prediction.model, prediction.isFraud, seconds)
        return Answer.json(
            PredictionAnswer.json(prediction, reasons: reasons[0], of: actor, plan: judge.plan, seconds: seconds)
        )
    }

    private func batch(_ request: Request) async throws -> Response {
        try QueryParameters(request, known: []).finish()
        let bytes = try await RequestBody.bytes(of: request, limit: RouteRule.Body.batch.bytesMax)
        guard let judge = judge.value else { throw PredictionAnswer.noModel }
        let items = try judge.reader.batch(bytes)
        var answers: [JSONValue] = []
        var total = 0.0
        var judged = 0
        for start in stride(from: 0, to: items.count, by: Self.turn) {
            let part = await turn(of: items[start..<min(start + Self.turn, items.count)], judge)
            answers += part.answers
            total += part.seconds
            judged += part.judged
        }
        return Answer.json(
            .object([
                .init("predictions", .list(answers)), .init("ml_version", .text(judge.binding.id)),
                .init("total_inference_time_ms", .real(total * 1000)), .init("actors_analyzed", .integer(judged)),
            ])
        )
    }

    /// Some actors of a batch; what is wrong with one is its own answer.
    private func turn(
        of items: ArraySlice<PredictionReader.Item>,
        _ judge: PredictionJudge
    ) async -> (answers: [JSONValue], seconds: Double, judged: Int) {
        let start = ContinuousClock.now
        var answers: [JSONValue?] = []
        var found: [(place: Int, actor: PredictionRequest, prediction: Prediction)] = []
        for item in items {
            do throws(Problem) {
                let actor = try item.request.get()
                found.append((answers.count, actor, try judge.predict(actor)))
                answers.append(nil)
            } catch {
                answers.append(
                    .object([
                        .init("actor_id", .text(item.actorID)), .init("request_id", .text(item.requestID)),
                        .init("error", error.json),
                    ])
                )
            }
        }
        let reasons = await judge.queue.reasons(of: found.map(\.prediction))
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        // They were judged together: each took its share.
        let share = seconds / Double(max(1, found.count))
        for (index, (place, actor, prediction)) in found.enumerated() {
            context.predicted(prediction.model, prediction.isFraud, share)
            answers[place] = PredictionAnswer.json(
                prediction,
                reasons: reasons[index],
                of: actor,
                plan: judge.plan,
                seconds: share,
                inBatch: true
            )
        }
        return (answers.map { $0 ?? .null }, seconds, found.count)
    }

    private var health: JSONValue {
        guard let judge = judge.value else {
            return .object([
                .init("status", .text("no_model")), .init("ml_type", .null), .init("ml_version", .null),
                .init("classes", .list([])), .init("load_time_sec", .null),
            ])
        }
        return .object([
            .init("status", .text("healthy")),
            .init("ml_type", .text(judge.binding.meaning.hasClasses ? "classification forest" : "anomaly forest")),
            .init("ml_version", .text(judge.binding.id)),
            .init("classes", .texts(judge.binding.meaning.classNames)),
            .init("load_time_sec", .real(context.modelLoadSeconds)),
        ])
    }
}
