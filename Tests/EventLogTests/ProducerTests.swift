import Base
import EventLog
import FileStore
import TestKit
import Testing

private func encoded(_ events: [Event], _ producer: ProducerSequence) throws -> EncodedBatch {
    let builder = RecordBatchBuilder(events)
    builder.producer = producer
    return try builder.encoded()
}

private func sequence(_ id: Int64, _ first: Int, epoch: Int16 = 0) -> ProducerSequence {
    ProducerSequence(id: id, epoch: epoch, first: Int32(first))
}

/// Goal: a batch that is sent again is written once, whatever happened in between.
@Suite("Idempotent append")
struct ProducerTests {
    private func small() -> LogSettings {
        var settings = LogSettings()
        settings.durability = .fsync
        settings.segmentBytes = 900
        settings.fillAheadBytes = 300
        return settings
    }

    @Test func theLastFiveAreKnownAndGapsRefused() throws {
        let store = CrashingStore()
        var log = try open(store)
        let batches = try (0..<7).map { try encoded([Event(1, "a"), Event(2, "b")], sequence(7, $0 * 2)) }
        // Twice in one call, and once more in another.
        let offsets = log.append([batches[0], batches[0], batches[1]])
        #expect(offsets == [.success(LogOffset(0)), .success(LogOffset(0)), .success(LogOffset(2))])
        #expect(log.append([batches[1]]) == [.success(LogOffset(2))])
        let gap = LogError.outOfSequence(directory: folder, id: 7, expected: 4, found: 6)
        #expect(log.append([batches[3], batches[2]]) == [.failure(gap), .success(LogOffset(4))])
        _ = log.append(Array(batches[3...]))
        for way in 0..<3 {
            // From memory, from what closing left, and from the batches alone.
            if way == 1 { try log.close() }
            if way == 2 { try store.remove("\(folder)/durable") }
            if way > 0 { log = try open(store) }
            for number in 2..<7 { #expect(log.append([batches[number]]) == [.success(LogOffset(Int64(number) * 2))]) }
            let old = LogError.outOfSequence(directory: folder, id: 7, expected: 14, found: 2)
            #expect(log.append([batches[1]]) == [.failure(old)])
            #expect(log.endOffset == LogOffset(14))
        }
    }

    @Test func aBuilderIsCheckedToo() throws {
        let log = try open(CrashingStore())
        let builder = RecordBatchBuilder([Event(1, "a")])
        builder.producer = sequence(1, 0)
        #expect(try log.append(builder) == LogOffset(0))
        #expect(try log.append(builder) == LogOffset(0))
        builder.producer = sequence(1, 2)
        #expect(throws: LogError.outOfSequence(directory: folder, id: 1, expected: 1, found: 2)) {
            try log.append(builder)
        }
        #expect(log.endOffset == LogOffset(1))
    }

    @Test func aNewEpochTakesOver() throws {
        let log = try open(CrashingStore())
        let event = [Event(1, "a")]
        #expect(log.append([try encoded(event, sequence(3, 0))]) == [.success(LogOffset(0))])
        let gap = LogError.outOfSequence(directory: folder, id: 3, expected: 0, found: 1)
        #expect(log.append([try encoded(event, sequence(3, 1, epoch: 1))]) == [.failure(gap)])
        #expect(log.append([try encoded(event, sequence(3, 0, epoch: 1))]) == [.success(LogOffset(1))])
        let stale = LogError.staleProducer(directory: folder, id: 3, epoch: 1, found: 0)
        #expect(log.append([try encoded(event, sequence(3, 1))]) == [.failure(stale)])
        // Nobody knows what a producer sent that was never seen.
        let unknown = LogError.outOfSequence(directory: folder, id: 4, expected: 0, found: 9)
        #expect(log.append([try encoded(event, sequence(4, 9))]) == [.failure(unknown)])
    }

    @Test func sequencesBeginAgainBehindTheLargest() {
        #expect(sequence(1, Int(Int32.max)).advanced(by: 1).first == 0)
        #expect(sequence(1, Int(Int32.max) - 1).advanced(by: 5).first == 3)
    }

    @Test func thoseSilentLongestAreForgotten() throws {
        let store = CrashingStore()
        var log = try open(store)
        let count = LogLimits.producers + 1
        for id in 0..<count { _ = log.append([try encoded([Event(1, "a")], sequence(Int64(id), 0))]) }
        try log.close()
        log = try open(store)
        let last = Int64(count - 1)
        #expect(log.append([try encoded([Event(1, "a")], sequence(last, 0))]) == [.success(LogOffset(last))])
        let unknown = LogError.outOfSequence(directory: folder, id: 0, expected: 0, found: 1)
        #expect(log.append([try encoded([Event(1, "a")], sequence(0, 1))]) == [.failure(unknown)])
    }

    /// Goal: producers that send again whatever was not acknowledged write everything once.
    ///
    /// Method: the disk dies at its Nth change, for every N; then the log is opened anew and the batch is sent again.
    @Test(arguments: 0..<3 as Range<UInt64>)
    func everythingIsThereOnceAfterACrashAtEveryCall(seed: UInt64) throws {
        var changes = 0
        var wasWhole = false
        while !wasWhole {
            let store = CrashingStore(seed: seed &* 1000 &+ UInt64(changes))
            let unsent = Guarded<[Int: Int]>([:])
            for life in 0..<2 {
                var log: SharedLog? = try SharedLog(directories: [folder], store: store, settings: small())
                if life == 0 { store.dieAfter(changes: changes) }
                inThreads(2) { [log] caller in
                    guard let log else { return }
                    let batches = makeBatches(10, seed: seed &* 10 &+ UInt64(caller))
                    var next = unsent.withLock { $0[caller] ?? 0 }
                    do {
                        while next < batches.count {
                            let first = batches[..<next].reduce(0) { $0 + $1.count }
                            let batch = try encoded(batches[next], sequence(Int64(caller), first))
                            _ = try log.append(batch, to: 0)
                            next += 1
                        }
                    } catch {
                        #expect(life == 0, "\(error)")
                    }
                    unsent.withLock { [next] in $0[caller] = next }
                }
                log = nil
                if life == 0 { wasWhole = !store.isDead }
                store.cutPower()
            }
            _ = try open(store, small())
            let found = try readAll(PartitionReader(directory: folder, store: store)).values.map(\.value).sorted {
                $0.lexicographicallyPrecedes($1)
            }
            let sent = (0..<2).flatMap { makeBatches(10, seed: seed &* 10 &+ UInt64($0)).joined() }.map(\.value).sorted
            {
                $0.lexicographicallyPrecedes($1)
            }
            #expect(found == sent, "seed \(seed), call \(changes)")
            changes += 1
        }
        #expect(changes > 30)
    }
}
