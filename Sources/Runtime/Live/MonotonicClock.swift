import Glibc

/// The time that only moves forward: for latencies; no result depends on it.
public enum MonotonicClock {
    /// Nanoseconds since some moment of the machine's.
    public static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
