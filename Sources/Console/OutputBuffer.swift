import Base

/// Collects small pieces of data for standard output.
public final class OutputBuffer {
    private var bytes: [UInt8] = []
    private let escape: TerminalText.Escape

    /// - Parameter escape: How a terminal is shown what it must not obey.
    public init(_ escape: TerminalText.Escape = .visible) {
        self.escape = escape
    }

    /// Adds a text; what is held goes out once it is 64 KiB.
    public func put(_ text: String) { put(Array(text.utf8)) }

    /// Adds bytes; what is held goes out once it is 64 KiB.
    public func put(_ more: [UInt8]) {
        bytes += more
        if bytes.count >= 1 << 16 { flush() }
    }

    /// Writes what is held.
    public func flush() {
        Output.data(bytes, escape)
        bytes.removeAll(keepingCapacity: true)
    }
}
