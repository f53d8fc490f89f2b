/// What happens when a data directory is opened with other definitions than those in force.
public enum DefinitionChange: Sendable {
    /// They hold as if they had always been in force: all alerts are made anew. Over activations or people's decisions
    /// only by force.
    case rebuild(force: Bool, ActivationNote)
    /// They hold from behind the last event on.
    case activate(ActivationNote)

    /// Who opens the directory.
    var note: ActivationNote {
        switch self {
        case .rebuild(_, let note), .activate(let note): note
        }
    }
}
