import Runtime
import Synchronization

/// Something that is made of what is in force, and made anew when something else is.
final class Followed<Value: Sendable>: Sendable {
    private let definitions: CurrentDefinitions
    private let make: @Sendable (LoadedDefinitions) -> Value
    private let made: Mutex<(number: Int, value: Value)>

    /// - Parameters:
    ///   - definitions: What is in force.
    ///   - make: Makes it; others wait meanwhile.
    init(_ definitions: CurrentDefinitions, make: @escaping @Sendable (LoadedDefinitions) -> Value) {
        let now = definitions.now
        self.definitions = definitions
        self.make = make
        made = Mutex((now.number, make(now.definitions)))
    }

    /// That of what is in force now: whoever asks once goes on with the same one.
    var value: Value {
        let now = definitions.now
        return made.withLock { made in
            // Another one may have asked later, and been here before.
            if now.number > made.number { made = (now.number, make(now.definitions)) }
            return made.value
        }
    }
}
