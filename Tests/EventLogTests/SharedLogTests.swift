import Base
import EventLog
import FileStore
import TestKit
import Testing

private let folders = ["log/payments-0", "log/payments-1", "log/payments-2"]

private func settings(_ durability: LogSettings.Durability) -> LogSettings {
    var settings = LogSettings()
    settings.durability = durability
    settings.segmentBytes = 20_000
    settings.fillAheadBytes = 4096
    return settings
}

/// Goal: many threads append, one thread writes, and everyone is answered truly.
@Suite("SharedLog")
struct SharedLogTests {
    @Test(arguments: [LogSettings.Durability.os, .interval(milliseconds: 1), .fsync])
    func manyThreadsAppend(durability: LogSettings.Durability) throws {
        let store = CrashingStore()
        let log = try SharedLog(directories: folders, store: store, settings: settings(durability))
        let acknowledged = Guarded<[String: [Int64: Event]]>([:])
        inThreads(8) { caller in
            var lastOffset: [Int: LogOffset] = [:]
            for (number, events) in makeBatches(100, seed: UInt64(caller)).enumerated() {
                let partition = (number + caller) % folders.count
                do throws(LogError) {
                    let base = try log.append(try RecordBatchBuilder(events).encoded(), to: partition)
                    #expect(base > lastOffset[partition] ?? LogOffset(-1))
                    #expect(log.endOffset(of: partition) > base)
                    lastOffset[partition] = base
                    acknowledged.withLock { all in
                        for (index, event) in events.enumerated() {
                            all[folders[partition], default: [:]][base.rawValue + Int64(index)] = event
                        }
                    }
                } catch {
                    Issue.record("\(error)")
                }
            }
        }
        try log.close()
        try log.close()
        let late = try RecordBatchBuilder([Event(1, "late")]).encoded()
        #expect(throws: LogError.closed(directory: folders[1])) { try log.append(late, to: 1) }
        for folder in folders {
            let found = try readAll(PartitionReader(directory: folder, store: store))
            #expect(found == acknowledged.withLock { $0[folder] })
            let report = try LogReport.verify(directory: folder, store: store)
            #expect(report.damage.isEmpty && report.tornTail == nil && report.indexFaults.isEmpty)
        }
    }

    @Test func thoseWhoWaitShareOneWriteAndOneSync() throws {
        let store = HeldStore()
        let log = try SharedLog(directories: [folder], store: store, settings: settings(.fsync))
        store.hold()
        let first = try log.enqueue(try RecordBatchBuilder([Event(1, "first")]).encoded(), to: 0)
        store.waitForSync()
        let tickets = try (0..<50).map { try log.enqueue(try RecordBatchBuilder([Event($0, "x")]).encoded(), to: 0) }
        #expect(log.endOffset(of: 0) == LogOffset(0))
        store.letGo()
        #expect(try first.wait() == LogOffset(0))
        store.waitForSync()
        #expect(log.endOffset(of: 0) == LogOffset(1))
        #expect(store.writes.count == 2)
        store.release()
        for (number, ticket) in tickets.enumerated() { #expect(try ticket.wait().rawValue == Int64(number + 1)) }
        #expect(store.writes.count == 2)
        try log.close()
    }

    @Test func aFullQueueMakesCallersWait() throws {
        let store = HeldStore()
        var settings = settings(.fsync)
        settings.queueBytes = 1000
        settings.segmentBytes = 1 << 20
        settings.compression = .none
        let log = try SharedLog(directories: [folder], store: store, settings: settings)
        store.hold()
        let batch = try RecordBatchBuilder([Event(1, String(repeating: "x", count: 200))]).encoded(.none)
        let callers = (0..<20).map { _ in
            RunningThread {
                do throws(LogError) { _ = try log.append(batch, to: 0) } catch { Issue.record("\(error)") }
            }
        }
        store.waitForSync()
        store.release()
        for caller in callers { caller.wait() }
        try log.close()
        #expect(store.writes.reduce(0, +) == 20 * batch.byteCount)
        #expect(store.writes.allSatisfy { $0 <= 1000 })

        // A batch that is larger than the queue goes alone.
        let large = try RecordBatchBuilder([Event(1, String(repeating: "x", count: 2000))]).encoded(.none)
        let again = try SharedLog(directories: [folder], store: store, settings: settings)
        #expect(try again.append(large, to: 0) == LogOffset(20))
        try again.close()
    }

    @Test(arguments: [FileError.Operation.write, .sync])
    func aFailureIsToldAndNeverRetried(operation: FileError.Operation) throws {
        let store = CrashingStore()
        var settings = settings(.fsync)
        settings.fillAheadBytes = 0
        let log = try SharedLog(directories: folders, store: store, settings: settings)
        let batch = try RecordBatchBuilder([Event(1, "x")]).encoded()
        #expect(try log.append(batch, to: 0) == LogOffset(0))
        let tail = log.tail(0, from: LogOffset(1))
        store.failNext(operation, code: 5)
        let cause = FileError(operation, segmentFile(0), code: 5)
        #expect(throws: LogError.failed(directory: folders[0], cause: cause)) { try log.append(batch, to: 0) }
        let syncs = store.calls(of: .sync)
        #expect(throws: LogError.failed(directory: folders[0], cause: cause)) { try log.append(batch, to: 0) }
        #expect(throws: LogError.failed(directory: folders[0], cause: cause)) { try tail.next(into: RecordBatch()) }
        #expect(store.calls(of: .sync) == syncs)
        #expect(log.endOffset(of: 0) == LogOffset(1))
        // The other partitions go on.
        #expect(try log.append(batch, to: 1) == LogOffset(0))
        #expect(throws: LogError.failed(directory: folders[0], cause: cause)) { try log.close() }

        store.cutPower()
        let again = try SharedLog(directories: folders, store: store, settings: settings)
        #expect(again.endOffset(of: 0) == LogOffset(1))
        #expect(try again.append(batch, to: 0) == LogOffset(1))
        try again.close()
    }

    @Test func anIntervalAcknowledgesFirstAndSyncsLater() throws {
        let store = HeldStore()
        let log = try SharedLog(directories: [folder], store: store, settings: settings(.interval(milliseconds: 1)))
        store.hold()
        #expect(try log.append(try RecordBatchBuilder([Event(1, "x")]).encoded(), to: 0) == LogOffset(0))
        #expect(log.endOffset(of: 0) == LogOffset(1))
        store.waitForSync()
        #expect(log.durableOffset(of: 0) == LogOffset(0))
        store.release()
        try log.close()
        #expect(log.durableOffset(of: 0) == LogOffset(1))
    }
}

/// Goal: readers in the same process are woken, see everything in order, and nothing that was not acknowledged.
@Suite("TailReader")
struct TailReaderTests {
    @Test func readersFollowOverSegments() throws {
        let store = CrashingStore()
        let log = try SharedLog(directories: [folder], store: store, settings: settings(.fsync))
        let batches = makeBatches(400, seed: 5)
        let expected = numbered(batches)
        let readers = (0..<3).map { number in
            let start = Int64(number * 20)
            return RunningThread {
                let tail = log.tail(0, from: LogOffset(start))
                let batch = RecordBatch()
                var found: [Int64: Event] = [:]
                do throws(LogError) {
                    while try tail.next(into: batch) == .batch {
                        let end = batch.baseOffset + Int64(batch.count)
                        #expect(log.durableOffset(of: 0).rawValue >= end)
                        for (index, event) in batch.events.enumerated() where batch.baseOffset + Int64(index) >= start {
                            found[batch.baseOffset + Int64(index)] = event
                        }
                    }
                } catch {
                    Issue.record("\(error)")
                }
                #expect(found == expected.filter { $0.key >= start })
            }
        }
        for events in batches { _ = try log.append(try RecordBatchBuilder(events).encoded(), to: 0) }
        try log.close()
        for reader in readers { reader.wait() }
    }

    @Test func nothingIsSeenBeforeItIsDurable() throws {
        let store = HeldStore()
        let log = try SharedLog(directories: [folder], store: store, settings: settings(.fsync))
        let tail = log.tail(0, from: LogOffset(0))
        let batch = RecordBatch()
        #expect(try tail.next(into: batch, timeoutMilliseconds: 0) == .timedOut)
        store.hold()
        let ticket = try log.enqueue(try RecordBatchBuilder([Event(1, "x")]).encoded(), to: 0)
        store.waitForSync()
        #expect(store.writes.count == 1)
        #expect(try tail.next(into: batch, timeoutMilliseconds: 1) == .timedOut)
        store.release()
        #expect(try tail.next(into: batch) == .batch)
        #expect(batch.events == [Event(1, "x")])
        #expect(try ticket.wait() == LogOffset(0))
        try log.close()
        #expect(try tail.next(into: batch) == .closed)
    }
}

/// Goal: whatever a shared log has acknowledged is there after a crash, at the offset that was told.
///
/// Method: the disk dies at its Nth change, for every N until the run is over; what was not synced is lost at random.
@Suite("SharedLog under crashes")
struct SharedLogCrashTests {
    @Test(arguments: 0..<4 as Range<UInt64>)
    func acknowledgedBatchesSurviveACrashAtEveryCall(seed: UInt64) throws {
        var changes = 0
        var wasWhole = false
        while !wasWhole {
            let store = CrashingStore(seed: seed &* 1000 &+ UInt64(changes))
            wasWhole = try live(store, seed, changes)
            changes += 1
        }
        #expect(changes > 40)
    }

    /// Returns whether the disk has lived.
    private func live(_ store: CrashingStore, _ seed: UInt64, _ changes: Int) throws -> Bool {
        var settings = settings(.fsync)
        settings.segmentBytes = 700
        settings.fillAheadBytes = seed % 2 == 0 ? 0 : 300
        let acknowledged = Guarded<[Int: [Int64: Event]]>([:])
        var log: SharedLog? = try SharedLog(directories: Array(folders[..<2]), store: store, settings: settings)
        store.dieAfter(changes: changes)
        inThreads(3) { [log] caller in
            guard let log else { return }
            for (number, events) in makeBatches(8, seed: seed &* 10 &+ UInt64(caller)).enumerated() {
                do throws(LogError) {
                    let base = try log.append(try RecordBatchBuilder(events).encoded(), to: number % 2)
                    acknowledged.withLock { all in
                        for (index, event) in events.enumerated() {
                            all[number % 2, default: [:]][base.rawValue + Int64(index)] = event
                        }
                    }
                } catch {
                    // The disk is dead. What was acknowledged before counts.
                    return
                }
            }
        }
        // Let go without a close, as a crash does.
        log = nil
        let hasLived = !store.isDead
        store.cutPower()
        for partition in 0..<2 {
            let reopened = try PartitionLog(directory: folders[partition], store: store, settings: settings)
            #expect(reopened.recovery.damage.isEmpty)
            let found = try readAll(PartitionReader(directory: folders[partition], store: store))
            for (offset, event) in acknowledged.withLock({ $0[partition] ?? [:] }) {
                #expect(found[offset] == event, "seed \(seed), call \(changes): offset \(offset) is lost")
            }
        }
        return hasLived
    }
}
