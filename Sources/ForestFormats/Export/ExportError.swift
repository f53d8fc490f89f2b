/// Why a model cannot be written in another format.
public struct ExportError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What the format cannot say, and what to do.
    public var description: String

    init(_ description: String) { self.description = description }
}
