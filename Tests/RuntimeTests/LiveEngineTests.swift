import AlertStore
import Base
import Dispatch
import EventLog
import FileStore
import Foundation
import Runtime
import TestKit
import Testing

/// Goal: every event that was submitted is answered for, once, with what became of it.
@Suite struct LiveEngineTests {
    @Test func receiptsTellOfEveryLine() throws {
        let fixture = try LiveFixture()
        try fixture.start()
        let long = event(8, second: 0).dropLast() + #","note":""# + String(repeating: "x", count: 1 << 20) + #""}"#
        let receipt = try fixture.send([
            event(1, second: 100), "nonsense", "", event(2, second: 101), event(1, second: 102),
            event(3, second: 50), #"{"id":"e4","at":1772438400,"amount":1}"#, event(5, second: 103, amount: -1), long,
        ]).get()
        #expect(receipt.accepted == 2 && receipt.rejected == 4 && receipt.late == 1 && receipt.duplicate == 1)
        #expect(!receipt.isReplayed)
        #expect(receipt.errors.map(\.line) == [2, 5, 6, 7, 8, 9])
        let words = receipt.errors.map(\.reason)
        #expect(words[0].contains("JSON") && words[1].contains("duplicate") && words[2].contains("late"))
        #expect(receipt.errors.map(\.field) == [nil, nil, nil, "actor", "amount", nil])
        #expect(words[5].contains("1048576"))
        let (totals, digest) = try fixture.stop()
        #expect(totals.events == 8 && totals.ok == 2 && totals.rejected == 4 && totals.late == 1)
        #expect(totals.duplicate == 1)
        #expect(try fixture.recomputed() == digest)
        // What is refused is in the log, too, but not the whole of an endless line.
        let logged = try fixture.logged().flatMap { $0 }
        #expect(logged.count == 8 && logged.contains("nonsense") && logged.contains(String(long.prefix(200))))
    }

    @Test func noEventsAreAnsweredAtOnce() throws {
        let fixture = try LiveFixture()
        try fixture.start()
        #expect(try fixture.send([]).get() == Receipt())
        #expect(try fixture.send(EventList(json: Array("[]".utf8)), key: "k").get() == Receipt())
        #expect(try fixture.stop().totals.events == 0)
    }

    /// The first hundred by line, whichever partition was the first to tell.
    @Test func theFirstErrorsAreKept() throws {
        let fixture = try LiveFixture()
        try fixture.start()
        // Events that are late in whichever partition they are.
        let actors = (0..<8).map { "A\($0)" }
        #expect(try fixture.send(actors.enumerated().map { event($0, second: 1000, actor: $1) }).get().accepted == 8)
        let late = (0..<1000).map { event(100 + $0, second: 1, actor: actors[$0 < 500 ? 0 : $0 % 8]) }
        let spread = Set(try fixture.logged().map(\.isEmpty))
        try #require(spread == [false], "both partitions have events")
        for lines in [late, late.reversed()] {
            let receipt = try fixture.send(lines).get()
            #expect(receipt.late == 1000 && receipt.accepted == 0)
            #expect(receipt.errors.map(\.line) == Array(1...100))
        }
        try fixture.stop()
    }

    /// One event of JSON over several lines is one line of the log.
    @Test func prettyPrintedJSONIsOneLine() throws {
        let fixture = try LiveFixture(partitions: 1)
        try fixture.start()
        let text = event(1, second: 1).replacing(",", with: ",\n  ")
        let events = try EventList(json: Array("[\n\(text),\n\(event(2, second: 2))\n]".utf8))
        #expect(try fixture.send(events).get().accepted == 2)
        try fixture.stop()
        #expect(try fixture.logged() == [[text.replacing("\n", with: " "), event(2, second: 2)]])
    }

    /// How events are cut into submissions changes nothing, nor does it matter whether they are replayed.
    @Test(arguments: [1, 2])
    func piecesDoNotMatter(partitions: Int) throws {
        let lines = traffic(6000)
        let expected = try LiveFixture.replayed(lines, partitions: partitions)
        for size in [1, 7, 1000, 5000, 6000] {
            let fixture = try LiveFixture(partitions: partitions)
            try fixture.start { $0.queueCount = 10_000 }
            let receipts = Guarded<[Receipt]>([])
            let failures = Guarded<[SubmissionError]>([])
            for first in stride(from: 0, to: lines.count, by: size) {
                try #require(fixture.engine).submit(list(Array(lines[first..<min(first + size, lines.count)]))) {
                    switch $0 {
                    case .success(let receipt): receipts.withLock { $0.append(receipt) }
                    case .failure(let error): failures.withLock { $0.append(error) }
                    }
                }
            }
            let (totals, digest) = try fixture.stop()
            #expect(failures.withLock { $0 } == [])
            #expect(digest == expected, "pieces of \(size)")
            let all = receipts.withLock { $0 }
            #expect(all.count == (lines.count + size - 1) / size)
            expectSame(all, totals)
            #expect(totals.events == 6000 && totals.alerts > 0 && totals.late > 0 && totals.duplicate > 0)
        }
    }

    private func expectSame(_ receipts: [Receipt], _ totals: LedgerTotals) {
        func sum(_ part: (Receipt) -> Int) -> Int { receipts.reduce(0) { $0 + part($1) } }
        #expect(sum(\.accepted) == totals.ok && sum(\.late) == totals.late && sum(\.duplicate) == totals.duplicate)
        #expect(sum(\.rejected) == totals.rejected)
    }

    /// Whatever order many threads' events get, that order is the log's, and everything follows from it.
    @Test func manyThreadsSubmit() throws {
        let fixture = try LiveFixture()
        try fixture.start()
        let receipts = Guarded<[Receipt]>([])
        let errors = Guarded<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            var random = Seeded(seed: UInt64(thread))
            let lines = traffic(3000, seed: UInt64(thread), firstID: thread * 10_000) + ["broken"]
            var position = 0
            do {
                while position < lines.count {
                    let end = min(position + 1 + random.below(400), lines.count)
                    let key = random.below(2) == 0 ? "\(thread) \(position)" : nil
                    let receipt = try fixture.send(Array(lines[position..<end]), key: key).get()
                    receipts.withLock { $0.append(receipt) }
                    position = end
                }
            } catch {
                errors.withLock { $0.append("\(error)") }
            }
        }
        #expect(errors.withLock { $0 } == [])
        let (totals, digest) = try fixture.stop()
        expectSame(receipts.withLock { $0 }, totals)
        #expect(totals.events == 8 * 3001 && totals.rejected == 8)
        #expect(try fixture.recomputed() == digest)
    }

    /// A full queue refuses at once, and everything that it took is done when it has room again.
    @Test func aFullQueueRefuses() throws {
        let fixture = try LiveFixture(partitions: 1)
        try fixture.start {
            $0.queueCount = 3
            $0.chunks = 2
        }
        // The partition's thread is held up in its first commit.
        let (reached, gate) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let listener = fixture.feed.listen { _, _ in
            reached.signal()
            gate.wait()
        }
        #expect(try fixture.send((0..<3).map { event($0, second: Double($0)) }).get().accepted == 3)
        reached.wait()
        fixture.feed.stopListening(listener)
        let engine = try #require(fixture.engine)
        let (taken, done) = (Guarded<[Int]>([]), DispatchGroup())
        var refused: [Int] = []
        for number in 10..<110 {
            let told = Guarded<SubmissionError?>(nil)
            done.enter()
            engine.submit(list([event(number, second: Double(number), actor: "B")])) { answer in
                switch answer {
                case .success: taken.withLock { $0.append(number) }
                case .failure(let error): told.withLock { $0 = error }
                }
                done.leave()
            }
            if let error = told.withLock({ $0 }) {
                #expect(error == .full)
                refused.append(number)
            }
        }
        #expect(refused.count > 80, "\(refused.count) of 100 were refused at once")
        #expect(taken.withLock { $0 } == [], "nothing is answered while nothing is durable")
        #expect(!engine.hasRoom(for: list(["x"])) && engine.status.queue.count == 3)
        gate.signal()
        try #require(done.wait(timeout: .now() + 60) == .success)
        #expect(engine.hasRoom(for: list(["x"])))
        let accepted = (10..<110).filter { !refused.contains($0) }
        #expect(taken.withLock { $0 } == accepted)
        #expect(try fixture.stop().totals.ok == 3 + accepted.count)
        let logged = try fixture.logged()[0].dropFirst(3)
        #expect(Array(logged) == accepted.map { event($0, second: Double($0), actor: "B") })
    }

    /// A submission that is larger than the queue may be goes alone, instead of never.
    @Test func oneThatIsTooLargeGoesAlone() throws {
        let fixture = try LiveFixture()
        try fixture.start { $0.queueBytes = 100 }
        #expect(try fixture.send((0..<3000).map { event($0, second: Double($0)) }).get().accepted == 3000)
        try fixture.stop()
    }

    /// Stopping waits for everything that was taken; what comes later is refused.
    @Test func stoppingWaits() throws {
        let fixture = try LiveFixture()
        try fixture.start()
        let engine = try #require(fixture.engine)
        let accepted = Guarded(0)
        for part in 0..<50 {
            engine.submit(list((0..<200).map { event(part * 200 + $0, second: Double(part * 200 + $0) / 100) })) {
                if case .success(let receipt) = $0 { accepted.withLock { $0 += receipt.accepted } }
            }
        }
        try engine.stop()
        // Nothing is waited for: everything has been answered.
        #expect(accepted.withLock { $0 } == 10_000)
        #expect(try fixture.send([event(1, second: 1)]) == .failure(.stopping))
        #expect(try fixture.logged().reduce(0) { $0 + $1.count } == 10_000)
        #expect(try fixture.stop().totals.ok == 10_000)
    }

    /// An alert can be read on another connection by the time that the feed tells of it.
    @Test func theFeedTellsWhatCanBeRead() throws {
        let fixture = try LiveFixture()
        try fixture.start()
        let reader = try AlertDatabase(path: fixture.folder + "/alerts.sqlite", readOnly: true)
        let seen = Guarded<[(AlertChange, String?)]>([])
        let told = DispatchSemaphore(value: 0)
        let listener = fixture.feed.listen { changes, _ in
            for change in changes {
                var found = "nothing"
                do { found = try reader.entry(id: change.alert.id)?.alert.id ?? "nothing" } catch { found = "\(error)" }
                seen.withLock { $0.append((change, found)) }
                told.signal()
            }
        }
        #expect(try fixture.send((0..<3).map { event($0, second: Double($0)) }).get().accepted == 3)
        told.wait()
        #expect(try fixture.send([event(3, second: 3)]).get().accepted == 1)
        told.wait()
        // A minute of silence of the actor's, and the alert ends.
        #expect(try fixture.send([event(4, second: 200, actor: "A")]).get().accepted == 1)
        told.wait()
        fixture.feed.stopListening(listener)
        let all = seen.withLock { $0 }
        #expect(all.map(\.0.kind) == [.opened, .revised, .ended])
        #expect(all.map(\.0.eventIDs) == [["e0", "e1", "e2"], ["e3"], []])
        #expect(all.allSatisfy { $0.1 == $0.0.alert.id })
        for (change, _) in all where change.kind != .ended {
            let received = try #require(change.received)
            #expect(received > 0 && received <= change.committed)
        }
        try reader.close()
        try fixture.stop()
    }
}
