/// An event of a step that was not accepted, and what became of it.
public struct Refusal: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        case rejected(field: String?, reason: String)
        case late
        case duplicate
    }

    /// Which of the step's events, counted from 0.
    public var index: Int
    public var kind: Kind

    public init(index: Int, kind: Kind) {
        self.index = index
        self.kind = kind
    }

    /// Whether the event is among the rejected ones.
    package var isRejected: Bool { if case .rejected = kind { true } else { false } }
}
