/// What state is computed with: of use is only a checkpoint of the same pipeline, models and version of the state.
public struct StateFingerprint: Sendable, Equatable, ExpressibleByStringLiteral {
    /// What checkpoints bear.
    public var text: String
    /// What those of earlier versions of the program bear that mean the same.
    public var earlier: [String]

    /// A text of what state is computed with, and those by which earlier versions called the same.
    public init(_ text: String, earlier: [String] = []) {
        (self.text, self.earlier) = (text, earlier)
    }

    /// A text, with no earlier ones.
    public init(stringLiteral text: String) {
        self.init(text)
    }

    func fits(_ found: String) -> Bool { found == text || earlier.contains(found) }
}
