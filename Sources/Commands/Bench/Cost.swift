import Foundation

/// Time that has passed and that the processors have worked for this process.
struct Cost {
    var wall: Double
    var cpu: Double

    static var now: Cost {
        var usage = rusage()
        getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) * 1e-6 }
        var clock = timespec()
        clock_gettime(CLOCK_MONOTONIC, &clock)
        let wall = Double(clock.tv_sec) + Double(clock.tv_nsec) * 1e-9
        return Cost(wall: wall, cpu: seconds(usage.ru_utime) + seconds(usage.ru_stime))
    }

    static func - (left: Cost, right: Cost) -> Cost { Cost(wall: left.wall - right.wall, cpu: left.cpu - right.cpu) }
}
