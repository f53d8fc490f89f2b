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
        let shown = entries(history).filter { entry in before.map { entry.activation.number < $0 } ?? true }
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
        let entry = Entry(activation: outcome.activation, changes: outcome.changes, ended: outcome.ended)
        return .object([
            .init("changed", .bool(outcome.isNew)), .init("words", .text(outcome.words)),
            .init("activation", json(entry, isInForce: true)),
        ])
    }

    /// An activation with what it did to what was in force before it.
    private struct Entry {
        var activation: Activation
        var changes: DetectorChanges
        var ended: [Activation.Detector]
    }

    private static func entries(_ history: ActivationHistory) -> [Entry] {
        var before: [Activation.Detector] = []
        return history.all.map { activation in
            // It holds as if nothing had been before.
            if activation.kind == .begin { before = [] }
            let changes = DetectorChanges(from: before, to: activation.detectors)
            let ended = before.filter { changes.ended.contains($0.name) }
            before = activation.detectors
            return Entry(activation: activation, changes: changes, ended: ended)
        }
    }

    private static func json(_ entry: Entry, isInForce: Bool) -> JSONValue {
        let activation = entry.activation
        let models = activation.models.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        let offsets = activation.offsets.sorted { $0.key < $1.key }
        let detectors = activation.detectors.map { detector($0, change(of: $0.name, entry.changes)) }
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
            .init("detectors", .list(detectors + entry.ended.map { detector($0, "ended") })),
            .init("words", .text(entry.changes.words)),
        ])
    }

    private static func change(of detector: String, _ changes: DetectorChanges) -> String {
        if changes.kept.contains(detector) { return "kept" }
        return changes.changed.contains(detector) ? "changed" : "started"
    }

    private static func detector(_ detector: Activation.Detector, _ change: String) -> JSONValue {
        .object([
            .init("name", .text(detector.name)), .init("version", .text(detector.version)),
            .init("mode", .text(detector.mode.rawValue)), .init("model", .text(detector.model)),
            .init("change", .text(change)),
        ])
    }
}
