/// How well a column's values fit one way of reading them. All of them are tried until it is plain that they do not fit: what the
/// first values are proves nothing.
struct Reading: Sendable {
    /// A value that does not fit.
    struct Misfit: Sendable, Equatable {
        var line: Int
        var text: String
    }

    private(set) var hits = 0
    private(set) var misses = 0
    private(set) var misfits: [Misfit] = []

    /// So many misfits are told with their lines.
    static let misfitLimit = 3

    /// Whether it is worth trying: misfits are the exception so far.
    var isOpen: Bool { misses < 32 || misses * 10 < hits }

    /// Whether the column is to be read so: but for one value in fifty at most.
    var fits: Bool { hits > 0 && misses * 50 <= hits }

    mutating func hit() { hits += 1 }

    mutating func miss(_ line: Int, _ bytes: UnsafePointer<UInt8>, _ count: Int) {
        misses += 1
        guard misfits.count < Self.misfitLimit else { return }
        let text = String(decoding: UnsafeBufferPointer(start: bytes, count: min(count, 40)), as: UTF8.self)
        misfits.append(Misfit(line: line, text: text))
    }
}
