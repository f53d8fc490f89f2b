import Bytes

/// How well a column's values fit one way of reading them. All of them are tried until it is plain that they do not
/// fit: what the first values are proves nothing.
struct Reading: Sendable {
    /// A value that does not fit.
    struct Misfit: Sendable, Equatable {
        var line: Int
        var text: String
    }

    private(set) var hits = 0
    private(set) var misses = 0
    private(set) var misfits: [Misfit] = []
    /// The different texts that do not fit, without spaces around them; nil if they are many, or long, or not all are
    /// texts.
    private(set) var words: [String]? = []

    /// So many misfits are told with their lines.
    static let misfitLimit = 3
    /// So many different words are kept, of so many bytes.
    private static let wordLimit = 16
    private static let lengthLimit = 40

    /// Whether it is worth trying: misfits are the exception so far.
    var isOpen: Bool { misses < 32 || misses * 10 < hits }

    /// Whether the column is to be read so: but for one value in fifty at most.
    var fits: Bool { hits > 0 && misses * 50 <= hits }

    mutating func hit() { hits += 1 }

    mutating func miss(_ line: Int, _ bytes: UnsafePointer<UInt8>, _ count: Int, isText: Bool = true) {
        misses += 1
        noteWord(UnsafeBufferPointer(start: bytes, count: count), isText)
        guard misfits.count < Self.misfitLimit else { return }
        let text = String(
            decoding: UnsafeBufferPointer(start: bytes, count: min(count, Self.lengthLimit)),
            as: UTF8.self
        )
        misfits.append(Misfit(line: line, text: text))
    }

    private mutating func noteWord(_ text: UnsafeBufferPointer<UInt8>, _ isText: Bool) {
        guard let known = words else { return }
        let content = TextValue.trimmed(text)
        guard isText, content.count <= Self.lengthLimit else {
            words = nil
            return
        }
        let word = String(decoding: content, as: UTF8.self)
        guard !known.contains(word) else { return }
        words = known.count < Self.wordLimit ? known + [word] : nil
    }
}
