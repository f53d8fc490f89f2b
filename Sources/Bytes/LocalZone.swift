/// A time zone as local times need it: an offset, or offsets that change.
///
/// A local time that occurs twice, when clocks are set back, is the first of the two; one that does not occur, when
/// they are set forward, is as far behind the change as it says: 02:30 is then 03:30. (As Python's `fold=0` has it.)
public struct LocalZone: Sendable, Equatable, CustomStringConvertible {
    /// As the pipeline has it.
    public var name: String
    /// Local seconds since 1970 from which on the offset after the same number of changes counts.
    private let changes: [Int64]
    /// Seconds east of UTC, one more than changes.
    private let offsets: [Int64]

    /// A fixed offset.
    public init(minutes: Int) {
        name = "\(minutes)"
        changes = []
        offsets = [Int64(minutes) * 60]
    }

    public static let utc = LocalZone(minutes: 0)

    /// - Parameters:
    ///   - name: Of the IANA data.
    ///   - first: The offset before the first change, seconds.
    ///   - transitions: When it changes, UTC seconds since 1970, ascending, and to what.
    public init(name: String, first: Int64, transitions: [(at: Int64, offset: Int64)]) {
        self.name = name
        var changes: [Int64] = []
        var offsets = [first]
        for transition in transitions {
            changes.append(transition.at + max(offsets[offsets.count - 1], transition.offset))
            offsets.append(transition.offset)
        }
        self.changes = changes
        self.offsets = offsets
    }

    /// The minutes of a zone that never changes.
    public var fixedMinutes: Int? { changes.isEmpty ? Int(offsets[0] / 60) : nil }

    /// Seconds east of UTC at a local time, seconds since 1970.
    @inline(__always)
    public func offset(atLocal seconds: Int64) -> Int64 {
        changes.isEmpty ? offsets[0] : search(seconds)
    }

    private func search(_ seconds: Int64) -> Int64 {
        var (low, high) = (0, changes.count)
        while low < high {
            let middle = (low + high) / 2
            if changes[middle] <= seconds { low = middle + 1 } else { high = middle }
        }
        return offsets[low]
    }

    /// The whole table, so that plans with another one differ.
    public var description: String {
        guard fixedMinutes == nil else { return name }
        let table = zip(changes, offsets.dropFirst()).map { "\($0) \($1)" }.joined(separator: ",")
        return "\(name) \(offsets[0]) \(Checksum.crc32c(Array(table.utf8)))"
    }
}
