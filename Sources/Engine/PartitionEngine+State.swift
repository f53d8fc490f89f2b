public import Base
import Bytes
public import StateStore
import Windows

/// The engine's state as checkpoints hold it: windows, remembered ids, open alerts, and the clock.
extension PartitionEngine {
    /// Begins an image of the state's changes since the last one was begun, as of an offset: the events before it have been
    /// processed. The last one must be whole. ``fillImage(_:bytes:)`` fills it, while events go on being processed.
    ///
    /// - Parameters:
    ///   - offset: where the partition is.
    ///   - all: everything that is in memory instead of the changes: the first time, and after an image that could not be
    ///     written.
    ///   - spare: an image that nobody uses any more; its memory is used again.
    /// - Returns: the image, to be filled.
    /// - Complexity: O(1); O(what is in memory) with `all`.
    public func beginImage(offset: Int64, all: Bool, reusing spare: StateImage? = nil) -> StateImage {
        let image = spare ?? StateImage(offset: offset, clock: intake.admission.clock, horizons: horizons)
        if let spare { spare.reuse(offset: offset, clock: intake.admission.clock, horizons: horizons) }
        intake.admission.beginImage(image, all: all)
        machine.beginImage(image, all: all)
        tracker.beginImage(image, all: all)
        return image
    }

    /// Copies about `bytes` more into the image that was begun last. True once it is whole: another thread may write it then.
    public func fillImage(_ image: StateImage, bytes: Int) -> Bool {
        let limit = image.byteCount.addingReportingOverflow(bytes)
        let end = limit.overflow ? .max : limit.partialValue
        return intake.admission.fillImage(upTo: end) && machine.fillImage(upTo: end) && tracker.fillImage(upTo: end)
    }

    /// Puts a new engine into the state of a checkpoint. Keys beyond `limit` bytes stay on disk until they are asked for.
    ///
    /// - Returns: What the image's owner added to the extra, behind the engine's own.
    public func restore(
        _ restored: CheckpointStore.Restored,
        from store: CheckpointStore,
        limit: Int?
    ) throws(StateError) -> [UInt8] {
        func damaged(_ words: String) -> StateError { .damaged(file: store.directory, words: words) }
        var rest: [UInt8]?
        restored.extra.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            do throws(ByteError) {
                try intake.admission.load(&reader)
                rest = Array(try reader.read(count: reader.remaining))
            } catch {
                rest = nil
            }
        }
        guard let rest else { throw damaged("the clock is missing") }
        // Only newer versions count, and a newer version that is dead hides older ones.
        let scope = StateImage(offset: restored.offset, clock: restored.clock, horizons: horizons)
        var seenAlerts: Set<Text> = []
        var isFull = false
        var isWhole = true
        try store.visit { record in
            if record.table.number >= 0x8000 {
                let name = record.key.combined(with: Text(low: UInt64(record.table.number), high: 1))
                guard seenAlerts.insert(name).inserted, !scope.isDead(record) else { return true }
                isWhole = tracker.load(record)
            } else if scope.isDead(record) {
                return true
            } else if record.table == DuplicateFilter.table {
                isWhole = intake.admission.load(record)
            } else if !isFull {
                isWhole = machine.load(record)
                if let limit, stateBytes > limit { isFull = true }
            }
            return isWhole
        }
        guard isWhole else { throw damaged("a record cannot be of this pipeline") }
        if isFull { machine.useCold(store) }
        return rest
    }

    private var horizons: [StateTable: Int64] {
        var horizons = machine.horizons.merging(tracker.horizons) { first, _ in first }
        horizons[DuplicateFilter.table] = intake.admission.horizon
        return horizons
    }

    /// Keys of windows in memory, and how many were given up to disk so far.
    public var keyCounts: (held: Int, spilled: Int) { (machine.keyCount, machine.spilledCount) }

    /// Bytes of memory that keys, rows and remembered ids take.
    public var stateBytes: Int { machine.stateBytes + intake.admission.byteCount }

    /// Bytes of the keys that have changed since the last image, about.
    public var changedBytes: Int { machine.changedBytes }

    /// Gives up the keys that have been cold longest and that the last checkpoint of the store holds, until the rest takes
    /// less than `limit` bytes. They come back when an event asks for them; results do not change.
    public func spill(to store: CheckpointStore, limit: Int) {
        guard stateBytes > limit else { return }
        machine.useCold(store)
        machine.spill(limit: max(0, limit - intake.admission.byteCount))
    }

    /// What kept a spilled key from being read: events since then are not scored with their whole history.
    public var coldFailure: StateError? { machine.coldFailure }

    /// What is held for a key of an entity: offset and event time (microseconds) of each event, oldest first.
    public func events(entity: Int, key: Text) -> [(offset: Int64, time: Int64)] {
        machine.events(entity: entity, key: key)
    }

    /// The keys that are held for an entity.
    public func keys(entity: Int) -> [Text] { machine.keysHeld(entity: entity) }
}
