import AlertStore
import Base
import Dispatch
import EventLog
import FileStore
import Foundation
import Runtime
import TestKit
import Testing

/// Goal: acknowledged means durable (C4), and a disk that fails is never taken for one that works.
///
/// Method: the log lies on a disk in memory, which forgets what was not synced when its power is cut.
@Suite struct DurabilityTests {
    /// Senders at work, then nothing reaches the disk any more; after the power cut everything acknowledged is there.
    @Test(arguments: 0..<12)
    func acknowledgedEventsSurviveAPowerCut(seed: UInt64) throws {
        let disk = CrashingStore(seed: seed)
        let fixture = try LiveFixture(store: disk)
        try start(fixture, seed: seed)
        let (acknowledged, answered) = (Guarded<[String]>([]), DispatchSemaphore(value: 0))
        let problems = Guarded<[String]>([])
        let senders = DispatchGroup()
        for sender in 0..<4 {
            DispatchQueue.global().async(group: senders) {
                var random = Seeded(seed: seed &* 31 &+ UInt64(sender))
                var next = sender * 100_000
                while true {
                    let lines = (0..<1 + random.below(300)).map { index in
                        event(next + index, second: Double(next + index) / 1000, actor: "A\(index % 9)")
                    }
                    next += lines.count
                    do {
                        switch try fixture.send(lines, key: random.below(2) == 0 ? "k\(next)" : nil) {
                        case .success: acknowledged.withLock { $0 += lines }
                        case .failure(.failed): return
                        case .failure(let error):
                            return problems.withLock { $0.append("\(error)") }
                        }
                    } catch {
                        return problems.withLock { $0.append("\(error)") }
                    }
                    answered.signal()
                }
            }
        }
        for _ in 0..<10 + Int(seed) * 3 { answered.wait() }
        disk.failAfter(calls: Int(seed) % 4)
        try #require(senders.wait(timeout: .now() + 60) == .success)
        #expect(problems.withLock { $0 } == [])
        #expect(try fixture.send([event(1, second: 1)]).failure?.isFailure == true)
        #expect(try fixture.abandon().isEmpty == false)
        disk.cutPower()
        try start(fixture, seed: seed &+ 1000)
        let logged = try fixture.logged().flatMap { $0 }
        let (_, digest) = try fixture.stop()
        let known = Set(logged)
        #expect(known.count == logged.count, "no event is there twice")
        let missing = acknowledged.withLock { $0 }.filter { !known.contains($0) }
        #expect(missing.isEmpty, "\(missing.count) acknowledged events are gone")
        #expect(try fixture.recomputed() == digest)
    }

    /// With settings that must not change anything, drawn from the seed.
    private func start(_ fixture: LiveFixture, seed: UInt64) throws {
        var random = Seeded(seed: seed)
        try fixture.start {
            $0.commitMilliseconds = [0, 20, 200][random.below(3)]
            $0.chunks = [2, 16][random.below(2)]
        } opening: {
            $0.stateBytes = [nil, 30_000, 300_000][random.below(3)]
            $0.policy.checkpointEvents = [1, 100, 5000, 1_000_000][random.below(4)]
            $0.policy.checkpointPause = .milliseconds([1, 10_000][random.below(2)])
            $0.log.segmentBytes = [20_000, 1 << 30][random.below(2)]
        }
    }

    /// The same check finds a disk that says that it has synced and has not: it can fail.
    @Test func aLyingDiskIsNoticed() throws {
        var lost = 0
        for seed in 0..<5 {
            let disk = CrashingStore(seed: UInt64(seed))
            let fixture = try LiveFixture(store: disk)
            try fixture.start()
            disk.setLying()
            let lines = (0..<500).map { event($0, second: Double($0) / 1000) }
            #expect(try fixture.send(lines).get().accepted == 500)
            disk.failAfter(calls: 0)
            #expect(try fixture.send(lines).failure?.isFailure == true)
            _ = try fixture.abandon()
            disk.cutPower()
            do {
                lost += 500 - Set(try fixture.logged().flatMap { $0 }).intersection(lines).count
            } catch is LogError {
                // What is left of it is not whole: that is noticed, too.
                lost += 500
            }
        }
        #expect(lost > 0)
    }

    /// A copy of the log as it is at the moment of an answer holds what is answered for. With one partition nobody writes
    /// while it is copied: answers come from the thread that writes.
    @Test func theLogHasTheEventsWhenTheAnswerComes() throws {
        let fixture = try LiveFixture(partitions: 1)
        try fixture.start()
        let found = Guarded<[Int: Result<Int, any Error>]>([:])
        let done = DispatchGroup()
        for part in 0..<20 {
            let lines = (0..<100).map { event(part * 100 + $0, second: Double(part), actor: "A\($0)") }
            done.enter()
            try #require(fixture.engine).submit(list(lines)) { answer in
                let result = Result {
                    #expect(try answer.get().accepted == 100)
                    let copy = fixture.folder + "/copy-\(part)"
                    try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
                    try FileManager.default.copyItem(atPath: fixture.folder + "/log", toPath: copy + "/log")
                    let logged = try fixture.logged(in: DiskStore(root: copy)).flatMap { $0 }
                    return Set(logged).intersection(lines).count
                }
                found.withLock { $0[part] = result }
                done.leave()
            }
        }
        try #require(done.wait(timeout: .now() + 60) == .success)
        for part in 0..<20 { #expect(try found.withLock { $0[part] }?.get() == 100) }
        try fixture.stop()
    }

    /// Once the disk has failed nothing is taken, until the directory is opened anew.
    @Test(arguments: [FileError.Operation.write, .sync])
    func aFailedDiskRefuses(operation: FileError.Operation) throws {
        let disk = CrashingStore()
        let fixture = try LiveFixture(partitions: 1, store: disk)
        try fixture.start()
        let first = (0..<3).map { event($0, second: Double($0)) }
        #expect(try fixture.send(first, key: "first").get().accepted == 3)
        disk.failNext(operation, code: operation == .sync ? 28 : 5)
        let second = (3..<6).map { event($0, second: Double($0)) }
        #expect(try fixture.send(second, key: "second").failure?.isFailure == true)
        // The disk would work again, but nobody knows what is on it.
        #expect(try fixture.send(second, key: "second").failure?.isFailure == true)
        #expect(try fixture.send(first, key: "first").failure?.isFailure == true)
        #expect(fixture.engine?.status.failure != nil)
        #expect(try fixture.abandon().contains(operation == .sync ? "28" : "errno 5"))
        try fixture.start()
        #expect(try fixture.send(first, key: "first").get().isReplayed)
        #expect(try fixture.send(second, key: "second").get().accepted == 3)
        let (totals, digest) = try fixture.stop()
        #expect(totals.ok == 6 && totals.duplicate == 0)
        #expect(try fixture.logged() == [first + second])
        #expect(try fixture.recomputed() == digest)
    }
}

extension Result where Failure == SubmissionError {
    var failure: SubmissionError? { if case .failure(let error) = self { error } else { nil } }
}

extension SubmissionError {
    var isFailure: Bool { if case .failed = self { true } else { false } }
}
