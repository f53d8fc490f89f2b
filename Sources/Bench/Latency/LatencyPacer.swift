import Foundation
import Runtime
import Synchronization

/// Events that are due at fixed moments, whatever the receiver does: waiting is part of what is measured, and no stall
/// hides the events that it delayed.
final class LatencyPacer: Sendable {
    private struct State {
        var sent = 0
        var isStopped = false
    }

    /// Event s is due at `start + s / rate`; nanoseconds of the monotonic clock.
    let start: Int64
    let rate: Double
    let total: Int
    private let state = Mutex(State())
    /// Whoever holds this waits for the next tick.
    private let turn = Mutex(())

    private static let tick: Int64 = 1_000_000

    init(rate: Double, seconds: Double) {
        self.rate = rate
        total = Int(rate * seconds)
        start = MonotonicClock.now() + 200_000_000
    }

    func due(_ event: Int) -> Int64 { start + Int64(Double(event) * 1e9 / rate) }

    var hasEnded: Bool { state.withLock { $0.sent >= total || $0.isStopped } }

    func stop() { state.withLock { $0.isStopped = true } }

    /// Waits until something is due and takes it, at most `limit` events; nil at the end.
    func take(limit: Int) -> Range<Int>? {
        turn.withLock { _ in
            while true {
                let now = MonotonicClock.now()
                let due = min(total, now < start ? 0 : Int(Double(now - start) * rate / 1e9) + 1)
                let range = state.withLock { state -> Range<Int>? in
                    if state.isStopped { return total..<total }
                    guard due > state.sent else { return state.sent >= total ? total..<total : nil }
                    let range = state.sent..<min(due, state.sent + limit)
                    state.sent = range.upperBound
                    return range
                }
                if let range { return range.isEmpty ? nil : range }
                let next = max(start, self.due(state.withLock { $0.sent }))
                Self.sleep(until: max(next, (now / Self.tick + 1) * Self.tick))
            }
        }
    }

    static func sleep(until moment: Int64) {
        var time = timespec(tv_sec: Int(moment / 1_000_000_000), tv_nsec: Int(moment % 1_000_000_000))
        while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil) == EINTR {}
    }
}
