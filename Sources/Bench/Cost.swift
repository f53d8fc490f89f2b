import Foundation

/// Time that has passed and that the processors have worked for this process.
public struct Cost: Sendable {
    public var wall: Double
    public var cpu: Double

    /// As of now.
    public static var now: Cost { Cost(of: Int32(RUSAGE_SELF.rawValue)) }

    /// The same of processes that this one has started and that have ended.
    static var children: Cost { Cost(of: Int32(RUSAGE_CHILDREN.rawValue)) }

    private init(of whom: Int32) {
        var usage = rusage()
        getrusage(whom, &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) * 1e-6 }
        var clock = timespec()
        clock_gettime(CLOCK_MONOTONIC, &clock)
        let wall = Double(clock.tv_sec) + Double(clock.tv_nsec) * 1e-9
        self.init(wall: wall, cpu: seconds(usage.ru_utime) + seconds(usage.ru_stime))
    }

    init(wall: Double, cpu: Double) {
        self.wall = wall
        self.cpu = cpu
    }

    /// What was spent between two readings of the clocks.
    public static func - (left: Cost, right: Cost) -> Cost {
        Cost(wall: left.wall - right.wall, cpu: left.cpu - right.cpu)
    }
}
