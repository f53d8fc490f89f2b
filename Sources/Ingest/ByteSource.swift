/// Where a recording's bytes come from.
public protocol ByteSource {
    /// Fills the front of the buffer and returns how many bytes; 0 at the end.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(InputError) -> Int
}

/// What can go wrong with a recording itself, as opposed to its lines.
public enum InputError: Error, Sendable, Equatable, CustomStringConvertible {
    case unreadable(path: String, errno: Int32, words: String)
    /// The packed data is not as its library writes it, near a byte of it.
    case damaged(Container, position: Int, words: String)
    /// The packed data ends in the middle.
    case cutOff(Container, position: Int)
    case changed(line: Int, path: String)

    public var description: String {
        switch self {
        case .unreadable(let path, _, let words): "cannot read \(path): \(words)"
        case .damaged(let container, let position, let words):
            "the \(container.rawValue) data is damaged near byte \(position): \(words)"
        case .cutOff(let container, let position):
            "the \(container.rawValue) data is cut off: it ends in the middle, at byte \(position)"
        case .changed(let line, let path):
            "\(path) is not the file that was replayed before: its first \(line) lines differ; "
                + "use another --data-dir, or the original file"
        }
    }
}
