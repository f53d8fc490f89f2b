public import Models
public import Plan
import Synchronization

/// What is in force just now, for any thread that asks.
public final class CurrentDefinitions: Sendable {
    private let state: Mutex<LoadedDefinitions>

    public init(_ definitions: LoadedDefinitions) {
        state = Mutex(definitions)
    }

    public var value: LoadedDefinitions { state.withLock { $0 } }

    public var plan: PipelinePlan { value.plan }
    public var bindings: [Int: ModelBinding] { value.bindings }

    func set(_ definitions: LoadedDefinitions) { state.withLock { $0 = definitions } }
}
