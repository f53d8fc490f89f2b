import Activations
import Bytes
import Runtime

/// Activations as the API shows them.
package enum ActivationAnswer {
    /// What `GET /activations` answers: the newest last.
    ///
    /// - Parameters:
    ///   - history: All there are.
    ///   - before: Only those with smaller numbers.
    ///   - limit: So many, the newest of them.
    /// - Returns: An object: which is in force, how many there are, and those that are listed.
    package static func list(_ history: ActivationHistory, before: Int? = nil, limit: Int) -> JSONValue {
        let shown = history.steps.filter { step in before.map { step.activation.number < $0 } ?? true }
            .suffix(limit)
        return .object([
            .init("in_force", history.current.map { .integer($0.number) } ?? .null),
            .init("total", .integer(history.all.count)),
            .init(
                "activations",
                .list(shown.map { json($0, isInForce: $0.activation.number == history.current?.number) })
            ),
        ])
    }

    /// What `POST /activations` answers.
    package static func outcome(_ outcome: ActivationOutcome) -> JSONValue {
        let step = ActivationHistory.Step(activation: outcome.activation, changes: outcome.changes)
        return .object([
            .init("changed", .bool(outcome.isNew)), .init("words", .text(outcome.words)),
            .init("activation", json(step, isInForce: true)),
        ])
    }

    private static func json(_ step: ActivationHistory.Step, isInForce: Bool) -> JSONValue {
        let activation = step.activation
        let models = activation.models.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        let offsets = activation.offsets.sorted { $0.key < $1.key }
        return .object([
            .init("number", .integer(activation.number)), .init("kind", .text(activation.kind.rawValue)),
            .init("in_force", .bool(isInForce)), .init("at", .time(activation.atMilliseconds)),
            .init("author", .text(activation.author)), .init("note", .text(activation.note)),
            .init("pipeline", .text(activation.pipeline)), .init("pipeline_sha", .text(activation.pipelineIdentity)),
            .init("pipeline_file_sha", .text(activation.pipelineFile)),
            .init("models", .object(models.map { .init($0.key, .text($0.value)) })),
            .init(
                "offsets",
                .list(
                    offsets.map {
                        .object([.init("partition", .integer($0.key)), .init("offset", .integer($0.value))])
                    }
                )
            ),
            .init("detectors", .list(step.changes.all.map { detector($0) })),
            .init("words", .text(step.changes.words)),
        ])
    }

    private static func detector(_ change: DetectorChanges.Change) -> JSONValue {
        let detector = change.detector
        return .object([
            .init("name", .text(detector.name)), .init("version", .text(detector.version)),
            .init("mode", .text(detector.mode.rawValue)), .init("model", .text(detector.model)),
            .init("change", .text(change.kind.rawValue)),
        ])
    }
}
