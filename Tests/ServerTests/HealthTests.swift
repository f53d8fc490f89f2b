import AlertStore
import Dispatch
import Server
import Synchronization
import Testing

@Suite struct HealthTests {
    private func state(_ name: ServerPart.Name, _ change: (inout HealthFacts) -> Void) throws -> ServerPart.State {
        var facts = HealthFacts()
        facts.partitions = [.init(lag: 0), .init(lag: 0)]
        facts.queueLimit = 1000
        facts.logDisk = DiskSpace(freeBytes: 100 << 30, totalBytes: 200 << 30)
        change(&facts)
        #expect(facts.parts.map(\.name) == ServerPart.Name.allCases)
        return try #require(facts.parts.first { $0.name == name }).state
    }

    @Test func allIsWellWhenNothingIsWrong() throws {
        for name in ServerPart.Name.allCases { #expect(try state(name) { _ in } == .ok) }
    }

    @Test func aFailureStopsLogEngineAndIngest() throws {
        for name in [ServerPart.Name.log, .engine, .ingest] {
            #expect(try state(name) { $0.failure = "/somewhere/log: Input/output error" } == .failed)
        }
        #expect(try state(.alerts) { $0.failure = "x" } == .ok)
    }

    /// What anybody may read names no files.
    @Test func theSystemsWordsAreNotForEverybody() {
        var facts = HealthFacts()
        facts.failure = "/home/somebody/log: Input/output error"
        facts.alertsFile = .failed("/home/somebody/alerts.sqlite is damaged")
        facts.partitions = [.init(lag: 0, checkpointFailure: "/home/somebody/state: No space left on device")]
        #expect(facts.parts.allSatisfy { !$0.detail.contains("/home") })
        #expect(
            facts.parts.filter { $0.words.contains("/home") }.map(\.name) == [.log, .engine, .alerts, .checkpoints]
        )
    }

    @Test(arguments: [
        (0, 0, 0.0, ServerPart.State.ok), (500, 0, 0, .ok), (501, 0, 0, .degraded), (0, 100_000, 9.9, .ok),
        (0, 100_001, 0, .degraded), (0, 1, 10.1, .degraded), (0, 0, 60, .ok),
    ])
    func theEngineLags(queue: Int, lag: Int64, seconds: Double, expected: ServerPart.State) throws {
        let found = try state(.engine) { facts in
            facts.queueBytes = queue
            facts.partitions[1] = .init(lag: lag, waitingSeconds: seconds)
        }
        #expect(found == expected)
    }

    @Test(arguments: [
        (9, 9, ServerPart.State.ok), (10, 5, .ok), (10, 6, .degraded), (1000, 501, .degraded), (1000, 500, .ok),
    ])
    func mostOfWhatArrivesIsLate(events: Int, late: Int, expected: ServerPart.State) throws {
        #expect(try state(.ingest) { $0.recent = (events, late) } == expected)
        var facts = HealthFacts()
        facts.recent = (20, 19)
        facts.clockMilliseconds = 1_803_974_400_000
        let ingest = try #require(facts.parts.first { $0.name == .ingest })
        #expect(ingest.detail.contains("19 of the 20 events") && ingest.detail.contains("2027-03-02T08:00:00"))
    }

    @Test func theAlertsFileHasToAnswer() throws {
        #expect(try state(.alerts) { $0.alertsFile = .slow } == .degraded)
        #expect(try state(.alerts) { $0.alertsFile = .failed("damaged") } == .failed)
        #expect(try state(.alerts) { $0.alertsWait = (0.5, "the disk is full") } == .degraded)
        #expect(try state(.alerts) { $0.alertsLogBytes = 256 << 20 } == .ok)
        #expect(try state(.alerts) { $0.alertsLogBytes = 257 << 20 } == .degraded)
        #expect(try state(.alerts) { $0.alertsDisk = DiskSpace(freeBytes: 1, totalBytes: 1 << 40) } == .failed)
    }

    @Test func aLogWithoutRoomTakesNothing() throws {
        var facts = HealthFacts()
        facts.logWait = (7.5, "the disk is full")
        let found = facts.parts.filter { $0.state != .ok }
        #expect(found.map(\.name) == [.log, .ingest] && found.allSatisfy { $0.state == .failed })
        #expect(found[0].detail.contains("7 s for room: the disk is full"))
    }

    @Test func aCheckpointThatFailedDegrades() throws {
        #expect(try state(.checkpoints) { $0.partitions[1].checkpointFailure = "full" } == .degraded)
        #expect(try state(.checkpoints) { $0.partitions[1].checkpointSeconds = 9999 } == .ok)
    }

    @Test(arguments: [
        (63, 10_240, ServerPart.State.failed), (64, 10_240, .degraded), (1023, 10_240, .degraded), (1024, 10_240, .ok),
        (5119, 102_400, .degraded), (5120, 102_400, .ok),
    ])
    func theDiskFills(freeMebibytes: UInt64, mebibytes: UInt64, expected: ServerPart.State) throws {
        let disk = DiskSpace(freeBytes: freeMebibytes << 20, totalBytes: mebibytes << 20)
        #expect(try state(.log) { $0.logDisk = disk } == expected)
    }

    /// What is in force goes on, and the file's words name files.
    @Test func aWatchedFileThatIsBrokenDegrades() throws {
        var facts = HealthFacts()
        facts.activation = 3
        let whole = try #require(facts.parts.last)
        #expect(whole.name == .pipeline && whole.state == .ok && whole.words == "activation 3 is in force")
        facts.watchFailure = "/home/somebody/p.yaml:3:1: error: x"
        let broken = try #require(facts.parts.last)
        #expect(broken.state == .degraded && broken.detail.contains("activation 3 is in force still"))
        #expect(!broken.detail.contains("/home") && broken.words.contains("p.yaml:3:1"))
    }

    @Test func onlyAListeningServerTakesEvents() throws {
        #expect(try state(.ingest) { $0.phase = .starting } == .degraded)
        #expect(try state(.ingest) { $0.phase = .stopping } == .degraded)
    }

    @Test func theProbeAsksOnceForManyAndTellsWhatItHeard() async {
        let asked = Mutex(0)
        let gate = DispatchSemaphore(value: 0)
        let probe = AlertsProbe(within: .seconds(60)) { () throws(AlertStoreError) in
            asked.withLock { $0 += 1 }
            gate.wait()
            throw .notFound(path: "x")
        }
        // Both are waiting before there is an answer.
        let started = DispatchSemaphore(value: 0)
        async let first = probe.outcome { started.signal() }
        async let second = probe.outcome { started.signal() }
        await Self.wait(for: started, count: 2)
        gate.signal()
        let outcomes = await [first, second]
        #expect(outcomes[0] == outcomes[1] && outcomes[0] != .readable && outcomes[0] != .slow)
        #expect(asked.withLock { $0 } == 1)
    }

    @Test func theProbeDoesNotWaitForever() async {
        let gate = DispatchSemaphore(value: 0)
        let probe = AlertsProbe(within: .milliseconds(10)) { () throws(AlertStoreError) in gate.wait() }
        #expect(await probe.outcome() == .slow)
        // The first question is still open: no other is asked, and this one is not answered either.
        #expect(await probe.outcome() == .slow)
        gate.signal()
    }

    private static func wait(for semaphore: DispatchSemaphore, count: Int) async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                for _ in 0..<count { semaphore.wait() }
                continuation.resume()
            }
        }
    }
}

@Suite struct RecentFiguresTests {
    private func nanoseconds(_ seconds: Double) -> Int64 { Int64(seconds * 1e9) }

    @Test func theRateIsTheMeanOfTheLastFullSeconds() {
        var recent = RecentFigures(start: nanoseconds(100))
        recent.note(at: nanoseconds(100.5), events: 100, alerts: 0, latencies: [])
        recent.note(at: nanoseconds(101.5), events: 300, alerts: 0, latencies: [])
        #expect(recent.eventsPerSecond(at: nanoseconds(100.9)) == 0)
        #expect(recent.eventsPerSecond(at: nanoseconds(101.9)) == 100)
        #expect(recent.eventsPerSecond(at: nanoseconds(102.1)) == 200)
        #expect(recent.eventsPerSecond(at: nanoseconds(105.9)) == 80)
        #expect(recent.eventsPerSecond(at: nanoseconds(106)) == 60)
        #expect(recent.eventsPerSecond(at: nanoseconds(107)) == 0)
    }

    @Test func latenessIsThatOfAMinute() {
        var recent = RecentFigures(start: 0)
        recent.note(at: nanoseconds(10), events: 7, late: 5, alerts: 0, latencies: [])
        recent.note(at: nanoseconds(40), events: 3, late: 1, alerts: 0, latencies: [])
        #expect(recent.lateness(at: nanoseconds(40.5)) == (10, 6))
        #expect(recent.lateness(at: nanoseconds(75)) == (3, 1))
        // The place of that second is used anew.
        recent.note(at: nanoseconds(71), events: 2, late: 0, alerts: 0, latencies: [])
        #expect(recent.lateness(at: nanoseconds(75)) == (5, 1))
    }

    @Test func aMinuteLaterItIsForgotten() {
        var recent = RecentFigures(start: 0)
        recent.note(at: nanoseconds(10), events: 1, alerts: 2, latencies: [nanoseconds(0.001), nanoseconds(0.1)])
        #expect(recent.alertsPerMinute(at: nanoseconds(70)) == 2)
        #expect(recent.alertsPerMinute(at: nanoseconds(71)) == 0)
        #expect(recent.latency(at: nanoseconds(10))?.count == 2)
        #expect(recent.latency(at: nanoseconds(69.9))?.count == 2)
        #expect(recent.latency(at: nanoseconds(70)) == nil)
        // The place of that second is used anew.
        recent.note(at: nanoseconds(71), events: 0, alerts: 1, latencies: [nanoseconds(0.05)])
        #expect(recent.alertsPerMinute(at: nanoseconds(72)) == 1)
        #expect(recent.latency(at: nanoseconds(72))?.count == 1)
    }

    @Test func latenciesAreMilliseconds() throws {
        var recent = RecentFigures(start: 0)
        recent.note(at: 0, events: 0, alerts: 0, latencies: (1...100).map { nanoseconds(Double($0) / 1000) })
        let latency = try #require(recent.latency(at: 1))
        #expect(latency.count == 100)
        #expect(abs(latency.p50Milliseconds - 50) < 1 && abs(latency.p99Milliseconds - 99) < 2)
        recent.note(at: 2, events: 0, alerts: 0, latencies: [.max, -1])
        #expect(recent.latency(at: 3)?.count == 102)
    }
}
