public import Base

/// Finished rows of a query, a few hundred at a time: only valid during the call that hands them over.
public struct QueryRows {
    /// How many there are.
    public let count: Int
    /// Start and end of each row's window, or time of the first and last event of its match, microseconds.
    public let starts: UnsafePointer<Int64>
    public let ends: UnsafePointer<Int64>
    /// [part of the key][row]
    public let keys: [UnsafePointer<Text>]
    /// [column][row]; NaN is null. Whole numbers are exact. Empty for a sequence.
    public let columns: [UnsafePointer<Double>]
    let names: KeyNames

    /// The bytes of a key's part.
    public func key(_ part: Int, _ row: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
        names.bytes(of: keys[part][row], body)
    }
}

/// Takes the rows of a query as they are finished: by end, then in the order in which the keys came.
public protocol QuerySink: AnyObject {
    /// Takes rows; they are gone when the call returns.
    func take(_ rows: QueryRows)
}

/// The bytes of keys that are too long for a ``Base/Text`` to hold, for as long as anybody may ask for them.
final class KeyNames {
    private var table = TextTable()
    private var spans: [Range<Int>] = []
    private var bytes: [UInt8] = []

    var isEmpty: Bool { spans.isEmpty }

    /// Remembers the bytes of a hashed text.
    func keep(_ text: Text, _ content: UnsafeBufferPointer<UInt8>) {
        let (slot, isNew) = table.insert(text)
        guard isNew else { return }
        let span = bytes.count..<bytes.count + content.count
        bytes.append(contentsOf: content)
        if slot == spans.count { spans.append(span) } else { spans[slot] = span }
    }

    /// Takes over what another one knows of a text.
    func keep(_ text: Text, from other: KeyNames) {
        guard text.isHashed, let slot = other.table.slot(of: text) else { return }
        other.bytes.withUnsafeBufferPointer { all in keep(text, UnsafeBufferPointer(rebasing: all[other.spans[slot]])) }
    }

    func removeAll() {
        guard !isEmpty else { return }
        table = TextTable()
        spans.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
    }

    func bytes(of text: Text, _ body: (UnsafeRawBufferPointer) -> Void) {
        guard text.isHashed else { return text.withContent(body) }
        guard let slot = table.slot(of: text) else { return body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[spans[slot]])) }
    }
}
