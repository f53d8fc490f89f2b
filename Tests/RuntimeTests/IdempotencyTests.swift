import AlertStore
import Dispatch
import Runtime
import TestKit
import Testing

/// Goal: events that come again under the same key are taken once, whatever happened in between.
@Suite struct IdempotencyTests {
    private func events(_ range: Range<Int>) -> [String] {
        range.map { event($0, second: Double($0) / 100, actor: "A\($0 % 40)") }
    }

    private func count(_ fixture: LiveFixture) throws -> Int { try fixture.logged().reduce(0) { $0 + $1.count } }

    @Test func theSameKeyGivesTheSameReceipt() throws {
        let fixture = try LiveFixture()
        try fixture.start()
        let lines = events(0..<50) + ["broken", event(0, second: 0, actor: "A0")]
        let first = try fixture.send(lines, key: "k").get()
        #expect(first.accepted == 50 && first.rejected == 1 && first.duplicate == 1 && !first.isReplayed)
        for _ in 0..<3 {
            var again = try fixture.send(lines, key: "k").get()
            #expect(again.isReplayed)
            again.isReplayed = false
            #expect(again == first)
        }
        #expect(try count(fixture) == 52)
        // Without a key, or under another one, they are other events.
        #expect(try fixture.send(lines, key: "l").get().duplicate == 51)
        #expect(try fixture.send(lines).get().duplicate == 51)
        #expect(try count(fixture) == 156)
        try fixture.stop()
    }

    @Test func aKeyIsForOneBody() throws {
        let fixture = try LiveFixture()
        try fixture.start()
        #expect(try fixture.send(events(0..<3), key: "k").get().accepted == 3)
        for other in [events(0..<2), events(1..<4), events(0..<4), []] {
            #expect(try fixture.send(other, key: "k") == .failure(.keyReused))
        }
        #expect(try count(fixture) == 3)
        #expect(try fixture.send(events(0..<3), key: "k").get().isReplayed)
        try fixture.stop()
    }

    /// While a key is being worked on the same request has to wait; once refused it is free.
    @Test func aKeyInProgress() throws {
        let fixture = try LiveFixture(partitions: 1)
        try fixture.start {
            $0.queueCount = 1
            $0.chunks = 1
        }
        let (reached, gate) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let listener = fixture.feed.listen { _, _ in
            reached.signal()
            gate.wait()
        }
        #expect(try fixture.send((0..<3).map { event(1000 + $0, second: Double($0)) }).get().accepted == 3)
        reached.wait()
        fixture.feed.stopListening(listener)
        let engine = try #require(fixture.engine)
        let (answer, done) = (Guarded<Answer?>(nil), DispatchSemaphore(value: 0))
        engine.submit(list(events(0..<10)), key: "k") { result in
            answer.withLock { $0 = result }
            done.signal()
        }
        #expect(try fixture.send(events(0..<10), key: "k") == .failure(.keyInProgress))
        #expect(try fixture.send(events(0..<9), key: "k") == .failure(.keyReused))
        // The queue fills up behind it; a key that was refused for that is not taken.
        var refused: [Int] = []
        let others = DispatchGroup()
        for number in 0..<20 {
            let told = Guarded<SubmissionError?>(nil)
            others.enter()
            engine.submit(list(events(100 + number..<101 + number)), key: "o\(number)") { result in
                if case .failure(let error) = result { told.withLock { $0 = error } }
                others.leave()
            }
            if let error = told.withLock({ $0 }) {
                #expect(error == .full)
                refused.append(number)
            }
        }
        #expect(refused.count > 10)
        gate.signal()
        try #require(done.wait(timeout: .now() + 60) == .success)
        try #require(others.wait(timeout: .now() + 60) == .success)
        #expect(try answer.withLock { $0 }?.get().accepted == 10)
        for number in refused {
            let receipt = try fixture.send(events(100 + number..<101 + number), key: "o\(number)").get()
            #expect(receipt.accepted == 1 && !receipt.isReplayed)
        }
        #expect(try fixture.stop().totals.ok == 33)
    }

    /// After a restart only the log knows the key: also of bodies of many batches.
    @Test(arguments: [1, 10, 3000, 9000])
    func theLogKnowsTheKey(size: Int) throws {
        let fixture = try LiveFixture()
        try fixture.start()
        #expect(try fixture.send(events(0..<size), key: "k").get().accepted == size)
        let (_, digest) = try fixture.stop()
        try fixture.start()
        let again = try fixture.send(events(0..<size), key: "k").get()
        #expect(again.isReplayed && again.accepted == size)
        #expect(try fixture.send(events(0..<size), key: "k").get().isReplayed)
        #expect(try count(fixture) == size)
        let (totals, last) = try fixture.stop()
        #expect(totals.ok == size && last == digest)
    }

    /// After a restart the answer is what it was: also of what was refused.
    @Test(arguments: [20, 2500])
    func theAnswerIsTheSameAfterARestart(size: Int) throws {
        let fixture = try LiveFixture()
        try fixture.start()
        #expect(try fixture.send([event(90_000, second: 9000, actor: "A1")]).get().accepted == 1)
        var lines = (0..<3).map { event($0, second: 0, actor: "A1") }
        lines += (0..<size).map { event(100 + $0, second: 9001, actor: "A\($0 % 40)") }
        lines += ["broken", lines[lines.count - 1], #"{"id": 7}"#]
        let first = try fixture.send(lines, key: "k").get()
        #expect(first.accepted == size && first.late == 3 && first.duplicate == 1 && first.rejected == 2)
        let (totals, _) = try fixture.stop()
        try fixture.start()
        var again = try fixture.send(lines, key: "k").get()
        #expect(again.isReplayed)
        again.isReplayed = false
        #expect(again == first)
        #expect(try fixture.stop().totals == totals)
    }

    @Test(arguments: [3000, 9000])
    func otherEventsUnderAKeyOfTheLog(size: Int) throws {
        let fixture = try LiveFixture()
        try fixture.start()
        #expect(try fixture.send(events(0..<size), key: "k").get().accepted == size)
        try fixture.stop()
        try fixture.start()
        #expect(try fixture.send(events(0..<1), key: "k") == .failure(.keyReused))
        #expect(try fixture.send(events(0..<500), key: "k") == .failure(.keyReused))
        var others = events(0..<size)
        others[0].replace(#""amount":10"#, with: #""amount":11"#)
        #expect(try fixture.send(others, key: "k") == .failure(.keyReused))
        #expect(try count(fixture) == size)
        #expect(try fixture.send(events(0..<size + 2000), key: "k") == .failure(.keyReused))
        // The server goes on, and the right events are known.
        #expect(try fixture.send(events(0..<size), key: "k").get().isReplayed)
        #expect(try fixture.send(events(size..<size + 5)).get().accepted == 5)
        #expect(try fixture.stop().totals.ok == size + 5)
    }
}
