import AlertStore
import Bytes
import Hummingbird
import Models
import Plan
import Runtime

/// The models that have been used, and how right they were when they were trained.
struct ModelRoutes {
    private let context: ServerContext

    init(_ context: ServerContext) {
        self.context = context
    }

    func add(to router: Router<BasicRequestContext>) {
        router.get("/models") { request, _ in
            try QueryParameters(request, known: []).finish()
            let records = try await context.reading { try $0.models() }
            let inForce = context.engine.definitions.value
            return Answer.json(.object([.init("models", .list(records.map { model($0, inForce) }))]))
        }
    }

    private func model(_ record: ModelRecord, _ inForce: LoadedDefinitions) -> JSONValue {
        let uses = inForce.bindings.filter { $0.value.id == record.id }.sorted { $0.key < $1.key }
        let metadata = AlertAnswer.payload(record.metadata)
        let trees = uses.first.map { $0.value.treeCount }
        return .object([
            .init("id", .text(record.id)), .init("name", .text(record.name)), .init("active", .bool(!uses.isEmpty)),
            .init("classes", .texts(uses.first?.value.meaning.classNames ?? Self.names(record.classes))),
            .init("features", .texts(Self.names(record.features))),
            .init("metadata", metadata.isObject ? metadata : .object([])),
            .init("metrics", ModelMetrics.json(metadata)),
            .init("trees", trees.map { .integer($0) } ?? .null),
            .init("detectors", .texts(uses.map { inForce.plan.detectors[$0.key].name })),
        ])
    }

    private static func names(_ list: String) -> [String] {
        list.split(separator: ",").map { String($0.drop { $0 == " " }) }
    }
}

/// How a model did on its validation rows, from what its file says of itself.
enum ModelMetrics {
    /// Null where the file says nothing, or something else.
    static func json(_ metadata: JSONValue) -> JSONValue {
        guard let validation = metadata["validation"], case .object(let classes) = validation["by_class"] else {
            return .null
        }
        let names = classes.map(\.key)
        let figures = classes.map { entry in
            JSONValue.object(
                [.init("class", .text(entry.key))]
                    + ["precision", "recall", "f1", "support"].map { .init($0, .real(entry.value[$0]?.number)) }
            )
        }
        let counts = names.map { actual in
            JSONValue.list(names.map { .real(validation["confusion"]?[actual]?[$0]?.number) })
        }
        return .object([
            .init("per_class", .list(figures)),
            .init(
                "confusion",
                validation["confusion"].map { _ in
                    .object([.init("classes", .texts(names)), .init("counts", .list(counts))])
                } ?? .null
            ),
            .init("accuracy", .real(validation["accuracy"]?.number)),
            .init("macro_f1", .real(validation["macro_f1"]?.number)),
        ])
    }
}

extension JSONValue {
    fileprivate var isObject: Bool { if case .object = self { true } else { false } }
}
