import Glibc

/// A value under a lock. The standard library's `Mutex` does the same, but the thread sanitizer does not see through it and
/// reports every access as a race; it knows POSIX's.
public final class Guarded<Value>: @unchecked Sendable {
    // The value is reached under the mutex alone.
    private var value: Value
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

    public init(_ value: Value) {
        self.value = value
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    public func withLock<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value)
    }
}
