import Glibc

/// An array of plain values with one owner that grows without a pause: large memory moves by its page tables (`mremap`)
/// instead of being copied, so that no single append takes long.
///
/// Positions are checked in debug builds only. Appending is O(1) amortised.
public struct GrowingArray<Element: BitwiseCopyable>: ~Copyable {
    @usableFromInline var elements: UnsafeMutablePointer<Element>
    @usableFromInline var capacity = 16
    @usableFromInline var used = 0

    @inlinable public var count: Int { used }

    /// An empty array, with room for the first elements.
    public init() {
        elements = Self.resize(nil, to: 16)
    }

    deinit { free(elements) }

    /// Bytes of memory that the array takes. What is allocated beyond its elements has not been touched, so it is none
    /// yet.
    public var byteCount: Int { touched * MemoryLayout<Element>.stride }

    /// The element at an index, which must be below `count`: only debug builds check it.
    @inlinable
    public subscript(index: Int) -> Element {
        _read {
            assert(index >= 0 && index < used)
            yield elements[index]
        }
        _modify {
            assert(index >= 0 && index < used)
            yield &elements[index]
        }
    }

    /// Adds an element at the end; O(1) amortised.
    @inlinable
    public mutating func append(_ element: Element) {
        if used == capacity { grow() }
        (elements + used).initialize(to: element)
        used += 1
    }

    /// Begins to bring an element into the caches.
    @inlinable
    public func prefetch(_ index: Int) {
        assert(index >= 0 && index < used)
        Base.prefetch(elements + index)
    }

    /// Forgets the elements and keeps the memory.
    public mutating func removeAll() {
        mostUsed = touched
        used = 0
    }

    /// The most elements that there were when the array was emptied, and that there ever were.
    private var mostUsed = 0
    private var touched: Int { max(mostUsed, used) }

    /// Bytes above which an array grows by a quarter: it moves by its page tables then, and costs no more for it.
    private static var largeBytes: Int { 1 << 20 }

    @usableFromInline
    mutating func grow() {
        capacity += capacity * MemoryLayout<Element>.stride < Self.largeBytes ? capacity : capacity / 4
        elements = Self.resize(elements, to: capacity)
    }

    private static func resize(_ old: UnsafeMutablePointer<Element>?, to capacity: Int) -> UnsafeMutablePointer<Element>
    {
        guard let memory = realloc(old, capacity * MemoryLayout<Element>.stride) else {
            preconditionFailure("Out of memory.")
        }
        return memory.bindMemory(to: Element.self, capacity: capacity)
    }
}
