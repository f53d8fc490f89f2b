public import Models
public import Plan
import Synchronization

/// What is in force just now, for any thread that asks.
public final class CurrentDefinitions: Sendable {
    /// Definitions under the number of the activation that has put them in force.
    public struct InForce: Sendable {
        public var number: Int
        public var definitions: LoadedDefinitions
    }

    private struct State {
        var now: InForce
        var followers: [@Sendable (InForce) -> Void] = []
    }

    private let state: Mutex<State>

    /// - Parameters:
    ///   - definitions: What is in force at the start.
    ///   - number: Of its activation.
    public init(_ definitions: LoadedDefinitions, number: Int) {
        state = Mutex(State(now: InForce(number: number, definitions: definitions)))
    }

    /// What is in force, and the activation's number: the two belong together.
    public var now: InForce { state.withLock { $0.now } }

    public var value: LoadedDefinitions { now.definitions }

    public var plan: PipelinePlan { value.plan }
    public var bindings: [Int: ModelBinding] { value.bindings }

    /// Calls this after each activation from now on, for as long as the engine runs. It may take its time: events go on
    /// meanwhile, and whoever asks has the new definitions already.
    public func follow(_ body: @escaping @Sendable (InForce) -> Void) {
        state.withLock { $0.followers.append(body) }
    }

    func set(_ definitions: LoadedDefinitions, number: Int) {
        state.withLock { $0.now = InForce(number: number, definitions: definitions) }
    }

    /// Tells those that follow.
    func announce() {
        let (now, followers) = state.withLock { ($0.now, $0.followers) }
        for follower in followers { follower(now) }
    }
}
