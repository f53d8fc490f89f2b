import CKernels

/// Begins to bring an address into the caches; any address will do, even one without memory.
@inlinable
@inline(__always)
public func prefetch(_ address: UnsafeRawPointer) { pa_prefetch(address) }
