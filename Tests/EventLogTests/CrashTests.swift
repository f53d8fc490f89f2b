import Base
import EventLog
import FileStore
import TestKit
import Testing

/// Goal: whatever was acknowledged and synced is there after a power cut, in order, and nothing else is but what an
/// unacknowledged append may have left.
///
/// Method: a seed decides the batches, the failing calls and the bytes lost. To run one seed again, put it into
/// `arguments`.
@Suite("EventLog under power cuts")
struct CrashTests {
    @Test(arguments: Seeds.upTo(300))
    func whatWasSyncedSurvives(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        let store = CrashingStore(seed: seed &* 31)
        var settings = LogSettings()
        settings.durability = random.below(3) == 0 ? .os : .fsync
        settings.segmentBytes = 600 + random.below(4000)
        settings.fillAheadBytes = random.below(3) * 700
        settings.compression = random.below(2) == 0 ? .none : .lz4
        var model = Model()

        for life in 0..<5 {
            let log = try model.reopen(store, settings)
            // The first life has no faults, so that there is something to lose.
            store.setFailurePercent(life == 0 ? 0 : random.below(6))
            do throws(LogError) {
                try live(log, makeBatches(random.below(30) + 1, seed: seed &+ UInt64(life)), &model, &random)
            } catch {
                // A writer stops at its first failure: the tail is unknown until recovery.
            }
            store.cutPower()
        }
        _ = try model.reopen(store, settings)
    }

    private func live(
        _ log: PartitionLog,
        _ batches: [[Event]],
        _ model: inout Model,
        _ random: inout Seeded
    ) throws(LogError) {
        for batch in batches {
            model.attempted = batch
            let base = try log.appendTyped(batch)
            #expect(base.rawValue == Int64(model.written.count))
            model.written += batch
            model.attempted = []
            if random.below(4) == 0 { try log.sync() }
            #expect(log.endOffset.rawValue == Int64(model.written.count))
            model.durable = Int(log.durableOffset.rawValue)
        }
        if random.below(3) == 0 {
            try log.close()
            model.durable = model.written.count
        }
    }

    /// What may and what must be in the log.
    private struct Model {
        var written: [Event] = []
        var attempted: [Event] = []
        var durable = 0

        /// Opens the log, compares it with what was written, then takes it for the truth.
        mutating func reopen(_ store: CrashingStore, _ settings: LogSettings) throws -> PartitionLog {
            let log = try open(store, settings)
            let reader = PartitionReader(directory: folder, store: store)
            let batch = RecordBatch()
            let all = written + attempted
            var found: [Event] = []
            do throws(LogError) {
                while try reader.next(into: batch) {
                    #expect(Int(batch.baseOffset) == found.count)
                    found += batch.events
                }
            } catch {
                // Writes that were not synced may arrive out of order; then a hole is reported, never passed over.
                guard case .damaged = error, settings.durability == .os else { throw error }
                #expect(found.count >= durable)
                return try restart(store, settings)
            }
            #expect(found.count >= durable, "Lost \(durable - found.count) durable records.")
            #expect(found == Array(all.prefix(found.count)))
            #expect(log.endOffset.rawValue == Int64(found.count))
            written = found
            attempted = []
            // What recovery has read may still be in memory only.
            durable = min(durable, found.count)
            return log
        }

        /// A hole in unsynced data ends a run: the next life starts with an empty folder.
        private mutating func restart(_ store: CrashingStore, _ settings: LogSettings) throws -> PartitionLog {
            try store.remove("log/" + LogManifest.name)
            try store.syncDirectory("log")
            for name in try store.list(folder) { try store.remove("\(folder)/\(name)") }
            try store.syncDirectory(folder)
            self = Model()
            return try open(store, settings)
        }
    }
}

extension PartitionLog {
    /// The same as ``append(_:)``, with the error's type kept.
    fileprivate func appendTyped(_ events: [Event]) throws(LogError) -> LogOffset {
        let builder = RecordBatchBuilder()
        for event in events {
            event.value.withUnsafeBytes { value in
                (event.key ?? []).withUnsafeBytes { key in
                    builder.add(
                        timestampMilliseconds: event.time,
                        key: event.key == nil ? nil : key,
                        value: value,
                        headers: event.headers
                    )
                }
            }
        }
        return try append(builder)
    }
}
