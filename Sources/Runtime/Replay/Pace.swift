import Foundation
import Plan
import Recordings

/// Holds events back so that event time passes at a chosen speed.
struct Pace {
    let speed: Double?
    private var origin: (event: Int64, wall: ContinuousClock.Instant)?

    init(speed: Double?) {
        self.speed = speed
    }

    mutating func wait(for chunk: Chunk, unless isInterrupted: () -> Bool) {
        guard let speed else { return }
        guard let row = (0..<chunk.batch.count).last(where: { chunk.batch.status[$0] == 0 }) else { return }
        let time = chunk.batch.times[row]
        guard let origin else {
            self.origin = (time, .now)
            return
        }
        let due = origin.wall + .microseconds(Int64(Double(time - origin.event) / speed))
        let rest = ContinuousClock.now.duration(to: due).components
        let seconds = Double(rest.seconds) + Double(rest.attoseconds) * 1e-18
        if seconds > 0, !isInterrupted() { Thread.sleep(forTimeInterval: min(seconds, 3600)) }
    }
}
