import Glibc

/// A value under a lock, and threads that sleep until it is as they want it.
///
/// The standard library has a lock and no way to wait for what is under it, so this is POSIX's mutex and condition.
final class Monitor<Value>: @unchecked Sendable {
    // Sendable because the value is reached under the mutex alone.
    private var value: Value
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init(_ value: sending Value) {
        self.value = value
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        // A wait must not depend on someone setting the clock.
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    /// Looks at the value or changes it in a way that no one waits for.
    func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(&value)
    }

    /// Changes the value and wakes every thread that waits.
    func update<Result>(_ body: (inout Value) -> Result) -> Result {
        let result = withLock(body)
        pthread_cond_broadcast(changed)
        return result
    }

    /// Wakes every thread that waits, for a change made with ``withLock(_:)``.
    func wakeAll() {
        pthread_cond_broadcast(changed)
    }

    /// Sleeps until the body returns something. It is asked first, and after each change.
    func wait<Result>(_ body: (inout Value) -> Result?) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&value) { return result }
            pthread_cond_wait(changed, mutex)
        }
    }

    /// The same, but returns nil once the moment has passed; nil = waits for ever.
    func wait<Result>(until moment: Moment?, _ body: (inout Value) -> Result?) -> Result? {
        guard let moment else { return wait(body) }
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        var time = timespec(tv_sec: Int(moment.nanoseconds / 1_000_000_000), tv_nsec: 0)
        time.tv_nsec = Int(moment.nanoseconds % 1_000_000_000)
        while true {
            if let result = body(&value) { return result }
            if pthread_cond_timedwait(changed, mutex, &time) == ETIMEDOUT { return body(&value) }
        }
    }
}

/// A reading of the monotonic clock. It says how long to wait and nothing else: no result depends on it.
struct Moment: Comparable {
    var nanoseconds: Int64

    static func now(plusMilliseconds milliseconds: Int = 0) -> Moment {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let now = Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
        return Moment(nanoseconds: now + Int64(milliseconds) * 1_000_000)
    }

    static func < (left: Moment, right: Moment) -> Bool { left.nanoseconds < right.nanoseconds }
}

/// A thread of the operating system that runs one body, once.
struct WorkerThread: Sendable {
    private let thread: pthread_t

    /// Starts it. Returns nil if the system has no thread left.
    init?(_ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(Body(body))
        var thread = pthread_t()
        let code = pthread_create(
            &thread,
            nil,
            { argument in
                if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            },
            box.toOpaque()
        )
        guard code == 0 else {
            box.release()
            return nil
        }
        self.thread = thread
    }

    /// Waits for its end. To be called once.
    func join() {
        pthread_join(thread, nil)
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }
}
