import AlertStore
import Dispatch
import Foundation
import Runtime
import TestKit
import Testing

/// Goal: another program that holds the alerts file is waited for, and costs nothing but time.
@Suite struct BusyFileTests {
    private let lines = traffic(4000)

    /// A fixture at work, another program that holds its alerts file, and what is said of it.
    private func busy(
        partitions: Int = 2,
        stateBytes: Int? = nil
    ) throws -> (fixture: LiveFixture, other: OtherProgram, told: Guarded<[String]>) {
        let fixture = try LiveFixture(partitions: partitions)
        let told = Guarded<[String]>([])
        try fixture.start {
            $0.commitMilliseconds = 0
            $0.queueBytes = 256 << 20
        } opening: {
            $0.lockSeconds = 0.02
            $0.stateBytes = stateBytes
            $0.policy.checkpointEvents = 200
            $0.report = { words in told.withLock { $0.append(words) } }
        }
        let other = try OtherProgram(fixture.folder + "/alerts.sqlite")
        try other.run("BEGIN IMMEDIATE")
        return (fixture, other, told)
    }

    private func send(_ fixture: LiveFixture, _ range: Range<Int>, key: String? = nil) throws -> Answer {
        try fixture.send(Array(lines[range]), key: key)
    }

    @Test func eventsAreTakenAndTheirAlertsFollow() throws {
        let (fixture, other, told) = try busy()
        for first in stride(from: 0, to: 3000, by: 100) { _ = try send(fixture, first..<first + 100).get() }
        let status = try #require(fixture.engine).status
        #expect(status.failure == nil && status.alertsWait?.why.contains("another program") == true)
        #expect(try fixture.logged().reduce(0) { $0 + $1.count } == 3000)
        #expect(told.withLock { $0.count } == 1 && told.withLock { $0[0] }.contains("another program"))
        // What it led to is written as soon as the file is free.
        let (caughtUp, ends) = (DispatchSemaphore(value: 0), Guarded<[Int: Int64]>([:]))
        let listener = fixture.feed.listen { _, commit in
            let all = ends.withLock { ends in
                ends[commit.progress.partition] = commit.progress.nextOffset
                return ends.values.reduce(0, +)
            }
            if all == 3000 { caughtUp.signal() }
        }
        try other.run("ROLLBACK")
        try #require(caughtUp.wait(timeout: .now() + 60) == .success)
        fixture.feed.stopListening(listener)
        _ = try send(fixture, 3000..<4000).get()
        let (_, digest) = try fixture.stop()
        #expect(told.withLock { $0.count } == 2 && told.withLock { $0[1] }.contains("again"))
        #expect(try LiveFixture.replayed(lines, partitions: 2) == digest)
    }

    /// A small limit for state is no reason to let senders wait for somebody else's hold on the file.
    @Test func aSmallLimitOfMemoryStopsNobody() throws {
        let (fixture, other, _) = try busy(stateBytes: 40_000)
        let answered = DispatchGroup()
        let failures = Guarded<[SubmissionError]>([])
        for first in stride(from: 0, to: 4000, by: 200) {
            answered.enter()
            try #require(fixture.engine).submit(list(Array(lines[first..<first + 200]))) { result in
                if case .failure(let error) = result { failures.withLock { $0.append(error) } }
                answered.leave()
            }
        }
        // All are answered while the file is held.
        try #require(answered.wait(timeout: .now() + 60) == .success)
        #expect(failures.withLock { $0 } == [])
        try other.run("ROLLBACK")
        let (_, digest) = try fixture.stop()
        #expect(try LiveFixture.replayed(lines, partitions: 2) == digest)
    }

    /// No more is taken than may wait in memory for the file: senders wait, and are answered later.
    @Test func aLimitOfMemoryHolds() throws {
        let (fixture, other, _) = try busy(partitions: 1)
        // One session of one actor, all of whose events wait to be written: 64 MB of them, twice what may.
        let note = String(repeating: "n", count: 40_000)
        let large = (0..<1600).map { event($0, second: Double($0) / 100).dropLast() + ",\"note\":\"\(note)\"}" }
        let answered = DispatchGroup()
        let failures = Guarded<[SubmissionError]>([])
        for first in stride(from: 0, to: large.count, by: 25) {
            answered.enter()
            try #require(fixture.engine).submit(list(large[first..<first + 25].map { String($0) })) { result in
                if case .failure(let error) = result { failures.withLock { $0.append(error) } }
                answered.leave()
            }
        }
        // The last ones are not answered while the file is held, which only the clock can tell.
        #expect(answered.wait(timeout: .now() + 5) == .timedOut)
        try other.run("ROLLBACK")
        try #require(answered.wait(timeout: .now() + 60) == .success)
        #expect(failures.withLock { $0 } == [])
        let (totals, digest) = try fixture.stop()
        #expect(totals.events == 1600)
        #expect(try fixture.recomputed() == digest)
    }

    /// Told to end meanwhile, it ends, and says why; the next start has everything.
    @Test func itEndsAllTheSame() throws {
        let (fixture, other, _) = try busy()
        _ = try send(fixture, 0..<4000).get()
        let error = #expect(throws: RuntimeError.self) { try fixture.stop() }
        #expect(error?.description.contains("locked by another program") == true)
        try other.run("ROLLBACK")
        fixture.forget()
        try fixture.start()
        let (totals, digest) = try fixture.stop()
        #expect(totals.events == 4000)
        #expect(try LiveFixture.replayed(lines, partitions: 2) == digest)
    }

    /// What became of a request that came before is in the file: who asks again is told to ask later.
    @Test func aRepeatedRequestWaits() throws {
        let fixture = try LiveFixture()
        try fixture.start()
        let first = try send(fixture, 0..<500, key: "k").get()
        try fixture.stop()
        try fixture.start {
            $0.commitMilliseconds = 0
        } opening: {
            $0.lockSeconds = 0.02
        }
        let other = try OtherProgram(fixture.folder + "/alerts.sqlite")
        try other.run("BEGIN IMMEDIATE")
        _ = try send(fixture, 500..<600).get()
        #expect(try send(fixture, 0..<500, key: "k") == .failure(.busy))
        try other.run("ROLLBACK")
        var again = try send(fixture, 0..<500, key: "k")
        while again == .failure(.busy) { again = try send(fixture, 0..<500, key: "k") }
        #expect(try again.get().isReplayed && again.get().late == first.late)
        #expect(try again.get().duplicate == first.duplicate)
        try fixture.stop()
    }

    /// Somebody who reads for long makes the write-ahead log grow: its size is known.
    @Test func aLongReadShows() throws {
        let fixture = try LiveFixture()
        try fixture.start { $0.commitMilliseconds = 0 }
        let other = try OtherProgram(fixture.folder + "/alerts.sqlite")
        let database = try #require(fixture.database)
        func grown(_ range: Range<Int>) throws -> Int {
            for first in stride(from: range.lowerBound, to: range.upperBound, by: 50) {
                _ = try send(fixture, first..<first + 50).get()
            }
            return database.writeAheadBytes
        }
        _ = try send(fixture, 0..<50).get()
        try other.run("BEGIN; SELECT count(*) FROM alerts")
        let first = try grown(50..<2000)
        #expect(try grown(2000..<4000) > first && first > 0)
        try other.run("ROLLBACK")
        try fixture.stop()
    }
}
