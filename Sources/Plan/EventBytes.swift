/// The original bytes of a batch's events, one behind the other, in one buffer that grows and is reused.
///
/// Behind the last byte there are always ``slack`` readable ones, the first of them 0: vector loads may run over the
/// end.
public struct EventBytes: ~Copyable {
    /// Readable bytes behind the content.
    public static let slack = 128

    public private(set) var base: UnsafeMutablePointer<UInt8>
    public private(set) var count = 0
    private var capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
        base = .allocate(capacity: capacity + Self.slack)
        base.initialize(repeating: 0, count: capacity + Self.slack)
    }

    deinit { base.deallocate() }

    /// Bytes at a range of places, which must lie inside; valid until the content changes.
    public subscript(range: Range<Int>) -> UnsafeBufferPointer<UInt8> {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "The range is inside the content.")
        return UnsafeBufferPointer(start: base + range.lowerBound, count: range.count)
    }

    mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        if count + bytes.count > capacity { grow(to: count + bytes.count) }
        if let source = bytes.baseAddress { (base + count).update(from: source, count: bytes.count) }
        count += bytes.count
        base[count] = 0
    }

    mutating func removeAll() {
        count = 0
        base[0] = 0
    }

    private mutating func grow(to needed: Int) {
        while capacity < needed { capacity *= 2 }
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity + Self.slack)
        larger.initialize(repeating: 0, count: capacity + Self.slack)
        larger.update(from: base, count: count)
        base.deallocate()
        base = larger
    }
}
