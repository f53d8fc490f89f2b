import Activations
import Base
import TestKit

let topicFile = "log/__activations-0/00000000000000000000.log"

/// Activations whose definitions are short texts.
struct Records {
    let store: CrashingStore

    init(_ store: CrashingStore = CrashingStore()) { self.store = store }

    /// Keeps what the activation with that number names.
    func make(_ number: Int, _ kind: Activation.Kind? = nil, offsets: [Int: Int64] = [:]) throws -> Activation {
        let definitions = DefinitionFiles(store: store)
        return Records.activation(
            number,
            kind,
            pipeline: try definitions.keep(pipeline: Array("name: payments # \(number)".utf8)),
            model: try definitions.keep(model: Array("{\"trees\": \(number)}".utf8)),
            offsets: offsets
        )
    }

    static func activation(
        _ number: Int,
        _ kind: Activation.Kind? = nil,
        pipeline: String = SHA256.hexadecimal(of: [1]),
        model: String = SHA256.hexadecimal(of: [2]),
        offsets: [Int: Int64] = [:]
    ) -> Activation {
        Activation(
            number: number,
            kind: kind ?? (number == 1 ? .begin : .activate),
            atMilliseconds: 1_700_000_000_000 + Int64(number),
            author: "ana",
            note: "threshold \(number)",
            pipeline: "payments",
            pipelineFile: pipeline,
            pipelineIdentity: SHA256.hexadecimal(of: [3]),
            models: ["default": model],
            offsets: offsets,
            detectors: [
                .init(name: "velocity", version: "3", mode: .active),
                .init(name: "score", version: "12ab", mode: .shadow, model: "default"),
            ]
        )
    }

    /// Appends that many to an empty topic, and closes it.
    @discardableResult
    func append(_ count: Int) throws -> [Activation] {
        let topic = try ActivationTopic(store: store)
        for number in 1...count { try topic.append(try make(number, offsets: [0: Int64(number) * 10])) }
        try topic.close()
        return topic.history.all
    }
}
