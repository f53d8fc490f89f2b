import Base
import FileStore
import Foundation
import TestKit
import Testing

/// Every call that the log, the checkpoints and SQLite make of the disk meets every kind of fault, one run each.
///
/// `PATTERNALARM_FAULTS` sets how many of them are tried (`all`: each of them with several seeds); `PATTERNALARM_FAULT` tries
/// one again, as it was printed.
@Suite struct FaultRunTests {
    private static let script = Script(seed: 1, count: 96)

    private static func setting(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }

    /// Those that end a process.
    private static let faults = DiskFault.allCases.filter { $0 != .fullForAWhile }

    /// Each call with each fault that there is of it, in a seeded order; half of them with a second fault.
    private static func points(_ calls: [DiskCall], seed: UInt64) -> [FaultRun.Point] {
        var random = Seeded(seed: seed)
        var points: [FaultRun.Point] = []
        for (index, call) in calls.enumerated() {
            for fault in faults where fault.befalls(call.operation) {
                var point = FaultRun.Point(call: index + 1, fault: fault, seed: seed)
                if random.below(2) == 0 {
                    let other = faults[random.below(faults.count)]
                    point.second = (1 + random.below(random.below(2) == 0 ? 40 : calls.count / 2), other)
                }
                points.append(point)
                // What a lost sync leaves shows in a later crash only, soon behind it.
                for round in 0..<8 where fault == .lostSync {
                    point.seed = seed + UInt64(round)
                    point.second = (1 + random.below(60), .crash)
                    points.append(point)
                }
            }
        }
        points.shuffle(using: &random)
        return points
    }

    @Test func everyFaultEndsAsIfNothingHadHappened() throws {
        let (calls, digest) = try FaultRun.undisturbed(Self.script)
        var points = Self.points(calls, seed: 1)
        let all = points.count
        let wanted = Self.setting("PATTERNALARM_FAULTS") ?? "1500"
        for seed in 2...5 as ClosedRange<UInt64> where wanted == "all" { points += Self.points(calls, seed: seed) }
        if let count = Int(wanted) { points = Array(points.prefix(count)) }
        if let words = Self.setting("PATTERNALARM_FAULT") { points = FaultRun.Point(words).map { [$0] } ?? [] }
        let start = ContinuousClock.now
        var (struck, ended, cuts, compound) = (0, 0, 0, 0)
        for point in points {
            var run = FaultRun(Self.script, expected: digest, at: point)
            do { try run.run() } catch { throw Self.smallest(point, digest) ?? error }
            struck += run.strikes
            ended += run.endedProcesses
            cuts += run.powerCuts
            compound += point.second == nil ? 0 : 1
        }
        let time = (ContinuousClock.now - start).components
        let seconds = Double(time.seconds) + Double(time.attoseconds) * 1e-18
        print(
            "\(points.count) fault points of \(all) (\(calls.count) calls), \(compound) of them double: \(struck) faults "
                + "struck, \(ended) processes ended, \(cuts) power cuts; 0 differences; "
                + "\(Int(Double(points.count) / seconds)) a second"
        )
        #expect(struck >= points.count && ended > struck / 2)
    }

    /// A disk that is full for some calls, from any one on, ends no process: what was refused is tried again.
    @Test func aFullDiskIsWaitedFor() throws {
        let (calls, digest) = try FaultRun.undisturbed(Self.script)
        // Not of opening the directory, or closing the alerts file: that is a command's beginning or end.
        let opened = try #require(calls.lastIndex { $0.operation == .createDirectory && $0.file.hasPrefix("log/") })
        let first = try #require(
            calls[opened...].firstIndex { $0.file.hasPrefix("log/t-0/") && $0.operation == .write }
        )
        let last = try #require(calls.lastIndex { $0.file.hasPrefix("log/") })
        let places = (first...last).filter { DiskFault.fullForAWhile.befalls(calls[$0].operation) }
        let isWhole = Self.setting("PATTERNALARM_FAULTS") == "all"
        var struck = 0
        for call in places where isWhole || call % 3 == 0 {
            let point = FaultRun.Point(call: call + 1, fault: .fullForAWhile, seed: UInt64(call))
            var run = FaultRun(Self.script, expected: digest, at: point)
            try run.run()
            #expect(run.endedProcesses == 0, "\(point): \(calls[call]): \(run.lastEnd)")
            struck += run.strikes
        }
        #expect(struck > 100)
    }

    /// The same point without its second fault, if that one is enough.
    private static func smallest(_ point: FaultRun.Point, _ digest: String) -> (any Error)? {
        guard point.second != nil else { return nil }
        var alone = point
        alone.second = nil
        var run = FaultRun(script, expected: digest, at: alone)
        do { try run.run() } catch { return error }
        return nil
    }

    /// Fault runs that find nothing prove nothing: bugs planted on purpose must be found.
    @Test(arguments: [Script.Bug.lyingSync, .offsetFirst])
    func plantedBugsAreFound(bug: Script.Bug) throws {
        let (calls, digest) = try FaultRun.undisturbed(Self.script)
        let crashes = Self.points(calls, seed: 7).filter { $0.fault == .crash }
        let found = crashes.prefix(200).count { point in
            var run = FaultRun(Self.script, expected: digest, at: point, bug: bug)
            do { try run.run() } catch { return true }
            return false
        }
        print("\(bug): found at \(found) of 200 points")
        #expect(found > 0)
    }
}
