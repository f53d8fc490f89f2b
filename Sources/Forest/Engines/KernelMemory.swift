/// Memory for the kernels: on a boundary of 64 bytes, all zeros at first.
final class KernelMemory: @unchecked Sendable {
    // Written while an engine is built, only read afterwards (or used by one thread, as scratch memory).
    let base: UnsafeMutableRawPointer
    let byteCount: Int

    init(byteCount: Int) {
        self.byteCount = byteCount
        let size = max(64, (byteCount + 63) / 64 * 64)
        base = .allocate(byteCount: size, alignment: 64)
        base.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    }

    /// A copy of the elements, with room for some more.
    convenience init<Element: BitwiseCopyable>(_ elements: [Element], padding: Int = 0) {
        self.init(byteCount: (elements.count + padding) * MemoryLayout<Element>.stride)
        elements.withUnsafeBytes { source in
            if source.count > 0 {
                base.copyMemory(from: source.baseAddress ?? UnsafeRawPointer(base), byteCount: source.count)
            }
        }
    }

    /// Itself if it is large enough, else other memory.
    func grown(to byteCount: Int) -> KernelMemory {
        self.byteCount < byteCount ? KernelMemory(byteCount: byteCount) : self
    }

    deinit { base.deallocate() }

    func pointer<Element>(to type: Element.Type) -> UnsafeMutablePointer<Element> { base.assumingMemoryBound(to: type) }
}
