/// A growing buffer of bytes with one owner, reused from batch to batch: ``removeAll()`` keeps the memory.
///
/// The bytes seen through ``bytes`` are valid until the next call that changes the writer.
public struct ByteWriter: ~Copyable {
    @usableFromInline var base: UnsafeMutableRawPointer
    @usableFromInline var capacity: Int

    /// The number of bytes written.
    @inlinable public var count: Int { used }

    @usableFromInline var used = 0

    /// An empty writer with room for that many bytes; it grows.
    public init(capacity: Int = 256) {
        self.capacity = max(capacity, 16)
        base = .allocate(byteCount: self.capacity, alignment: 16)
    }

    deinit {
        base.deallocate()
    }

    @inlinable public var isEmpty: Bool { count == 0 }

    /// What was written so far.
    @inlinable public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// What was written so far, to be changed in place (a header that is known last, say).
    @inlinable public var mutableBytes: UnsafeMutableRawBufferPointer {
        mutating get { UnsafeMutableRawBufferPointer(start: base, count: count) }
    }

    /// Forgets the bytes and keeps the memory.
    public mutating func removeAll() {
        used = 0
    }

    /// Makes room for `additional` more bytes and returns where they go. ``advance(by:)`` counts the ones written.
    @inlinable
    public mutating func reserve(_ additional: Int) -> UnsafeMutableRawPointer {
        if capacity &- count < additional { grow(additional) }
        return base + count
    }

    /// Counts bytes that were written to the memory ``reserve(_:)`` returned.
    @inlinable
    public mutating func advance(by written: Int) {
        precondition(written >= 0 && written <= capacity - count, "More bytes were written than were reserved.")
        used += written
    }

    /// Appends a copy of the bytes.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        reserve(bytes.count).copyMemory(from: source, byteCount: bytes.count)
        used += bytes.count
    }

    /// Appends a copy of the bytes.
    public mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
    }

    /// Appends a byte that many times.
    public mutating func append(repeating byte: UInt8, count additional: Int) {
        reserve(additional).initializeMemory(as: UInt8.self, repeating: byte, count: additional)
        used += additional
    }

    /// Appends one byte.
    public mutating func append(_ byte: UInt8) {
        reserve(1).storeBytes(of: byte, as: UInt8.self)
        used += 1
    }

    /// Appends an integer with its most significant byte first, as Kafka has them.
    @inlinable
    public mutating func appendBigEndian<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
        reserve(MemoryLayout<T>.size).storeBytes(of: value.bigEndian, as: T.self)
        advance(by: MemoryLayout<T>.size)
    }

    /// Appends an integer with its least significant byte first, as LZ4 and our own files have them.
    @inlinable
    public mutating func appendLittleEndian<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
        reserve(MemoryLayout<T>.size).storeBytes(of: value.littleEndian, as: T.self)
        advance(by: MemoryLayout<T>.size)
    }

    /// Appends a zigzag ``Varint``.
    public mutating func appendVarint(_ value: Int64) {
        let target = reserve(Varint.sizeMax)
        used += Varint.write(value, to: target)
    }

    @usableFromInline
    mutating func grow(_ additional: Int) {
        let larger = max(capacity * 2, count + additional)
        let target = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
        target.copyMemory(from: base, byteCount: count)
        base.deallocate()
        base = target
        capacity = larger
    }
}

/// The memory has one owner and moves with it, so handing the writer to another thread is safe.
extension ByteWriter: @unchecked Sendable {}
