import AlertStore
import Base
import Dispatch
import EventLog
import Foundation
import Runtime
import TestKit
import Testing

/// Goal: a disk without room for the log, or a full table of open files, costs senders nothing but time, and the server goes on
/// by itself.
@Suite struct NoRoomTests {
    @Test(arguments: [28, 24] as [Int32])
    func sendersAreToldToComeAgain(code: Int32) throws {
        let disk = CrashingStore()
        let fixture = try LiveFixture(partitions: 1, store: disk)
        let told = Guarded<[String]>([])
        let goesOn = DispatchSemaphore(value: 0)
        try fixture.start {
            $0.commitMilliseconds = 0
        } opening: {
            $0.waitsForRoom = true
            $0.report = { words in
                told.withLock { $0.append(words) }
                if words.contains("again, after") { goesOn.signal() }
            }
        }
        let lines = traffic(900)
        _ = try fixture.send(Array(lines[..<300])).get()
        disk.setWant(code)
        let refusal = try fixture.send(Array(lines[300..<600])).failure
        guard case .noRoom(let why) = refusal else {
            Issue.record("\(String(describing: refusal))")
            return
        }
        #expect(why.contains(code == 28 ? "disk is full" : "too many files"))
        let status = try #require(fixture.engine).status
        #expect(status.failure == nil && status.logWait?.why == why)
        // Nobody sends anything: it finds out by itself that there is room.
        disk.setWant(nil)
        try #require(goesOn.wait(timeout: .now() + 60) == .success)
        #expect(try #require(fixture.engine).status.logWait == nil)
        for first in [300, 600] { _ = try fixture.send(Array(lines[first..<first + 300])).get() }
        let (totals, digest) = try fixture.stop()
        #expect(totals.events == 900)
        #expect(try fixture.logged() == [lines])
        #expect(try LiveFixture.replayed(lines, partitions: 1) == digest)
        #expect(told.withLock { $0.count } == 2 && told.withLock { $0[0] }.contains("for the log"))
    }

    /// There is room, and there is none, again and again; with state on disk and many checkpoints.
    @Test(arguments: 0..<6)
    func everyEventIsTakenOnce(seed: UInt64) throws {
        let disk = CrashingStore(seed: seed)
        let fixture = try LiveFixture(store: disk)
        try fixture.start {
            $0.commitMilliseconds = 0
        } opening: {
            $0.waitsForRoom = true
            // Reading state back from a disk that opens no file is another matter.
            $0.stateBytes = seed % 2 == 0 ? nil : 40_000
            $0.policy.checkpointEvents = 100
            $0.log.segmentBytes = 20_000
        }
        let lines = traffic(3000, seed: seed)
        var random = Seeded(seed: seed)
        var refused = 0
        for first in stride(from: 0, to: lines.count, by: 50) {
            let wants: [Int32?] = seed % 2 == 0 ? [nil, nil, 28, 24] : [nil, 28]
            disk.setWant(wants[random.below(wants.count)])
            var answer = try fixture.send(Array(lines[first..<first + 50]), key: "k\(first)")
            while case .failure(.noRoom) = answer {
                refused += 1
                disk.setWant(random.below(3) == 0 ? 28 : nil)
                answer = try fixture.send(Array(lines[first..<first + 50]), key: "k\(first)")
            }
            _ = try answer.get()
        }
        disk.setWant(nil)
        #expect(refused > 5)
        #expect(try #require(fixture.engine).status.failure == nil)
        let (totals, digest) = try fixture.stop()
        #expect(totals.events == 3000)
        #expect(try fixture.logged().joined().sorted() == lines.sorted())
        #expect(try fixture.recomputed() == digest)
    }
}
