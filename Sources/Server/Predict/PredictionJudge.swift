import Models
import Plan
import Runtime

/// What judges requests while the same definitions are in force.
struct PredictionJudge: Sendable {
    let plan: PipelinePlan
    let reader: PredictionReader
    let predictor: Predictor
    let queue: ReasonQueue

    /// Nil of a pipeline without a model.
    init?(_ definitions: LoadedDefinitions) {
        do throws(PredictionError) {
            predictor = try Predictor(plan: definitions.plan, bindings: definitions.bindings)
        } catch {
            return nil
        }
        plan = definitions.plan
        reader = PredictionReader(definitions.plan)
        queue = ReasonQueue(predictor)
    }

    var binding: ModelBinding { predictor.binding }

    func predict(_ actor: PredictionRequest) throws(Problem) -> Prediction {
        do throws(PredictionError) { return try predictor.predict(actor.events) } catch {
            throw PredictionAnswer.problem(error, plan)
        }
    }
}
