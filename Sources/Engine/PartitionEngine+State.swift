public import Base
public import State
import Windows

/// The engine's state as checkpoints hold it: windows, remembered ids, open alerts, and the clock.
extension PartitionEngine {
    /// Begins an image of the state's changes since the last one was begun, as of an offset: the events before it have
    /// been processed. The last one must be whole. ``fillImage(_:bytes:)`` fills it, while events go on being
    /// processed.
    ///
    /// - Parameters:
    ///   - offset: where the partition is.
    ///   - all: everything that is in memory instead of the changes: the first time, and after an image that could not
    ///     be written.
    ///   - spare: an image that nobody uses any more; its memory is used again.
    /// - Returns: the image, to be filled.
    /// - Complexity: O(1); O(what is in memory) with `all`.
    public func beginImage(offset: Int64, all: Bool, reusing spare: StateImage? = nil) -> StateImage {
        let tables = parts.tables
        let image = spare ?? StateImage(offset: offset, clock: intake.admission.clock, tables: tables)
        if let spare { spare.reuse(offset: offset, clock: intake.admission.clock, tables: tables) }
        intake.admission.beginImage(image, all: all)
        machine.beginImage(image, all: all)
        detectors.beginImage(image, all: all)
        return image
    }

    /// Copies about `bytes` more into the image that was begun last. True once it is whole: another thread may write it
    /// then.
    public func fillImage(_ image: StateImage, bytes: Int) -> Bool {
        let limit = image.byteCount.addingReportingOverflow(bytes)
        let end = limit.overflow ? .max : limit.partialValue
        return intake.admission.fillImage(upTo: end) && machine.fillImage(upTo: end) && detectors.fillImage(upTo: end)
    }

    /// Puts a new engine into the state of a checkpoint, part by part: those that it holds by their names, in whatever
    /// order, and no others. Keys and ids beyond `limit` bytes stay on disk until they are asked for.
    ///
    /// - Parameters:
    ///   - restored: What the checkpoint says beside its records.
    ///   - cold: The records of that very checkpoint.
    ///   - limit: Bytes of memory for keys, ids and alerts; nil = no limit.
    /// - Returns: What the checkpoint does not hold: of these the engine knows nothing yet. Empty if all is there.
    /// - Throws: ``State/ColdError``
    public func restore(
        _ restored: RestoredState,
        from cold: any ColdState,
        limit: Int?
    ) throws(ColdError) -> [StatePart] {
        guard intake.admission.load(clock: restored.section(Admission.clockSection)) else {
            throw .unfit("the clock is missing")
        }
        let missing = adopt(restored.tables)
        // Only newer versions count, and a newer version that is dead hides older ones.
        let scope = StateImage(offset: restored.offset, clock: restored.clock, tables: parts.tables)
        let owners = parts.owners
        var endedAlerts: Set<Text> = []
        var isFull = false
        var isWhole = true
        try cold.read { record in
            guard let part = owners[record.table] else { return true }
            if case .alerts(let detector) = part {
                let machine = detectors.machines[detector]
                guard !machine.sessions.holds(record.key) else { return true }
                let name = record.key.combined(with: Text(low: UInt64(record.table.number), high: 1))
                if scope.isDead(record) {
                    endedAlerts.insert(name)
                } else if !endedAlerts.contains(name) {
                    // Each has to be known: when its session ends, it does.
                    let inMemory = limit.map { detectors.heldBytes < $0 / 4 } ?? true
                    isWhole = machine.sessions.load(record.key, record.value, inMemory: inMemory)
                    isFull = isFull || limit.map { detectors.heldBytes >= $0 / 4 } ?? false
                }
            } else if scope.isDead(record) {
                return true
            } else if !isFull {
                if case .events(let entity) = part {
                    isWhole = machine.load(record, of: entity)
                } else {
                    isWhole = intake.admission.load(record)
                }
                if let limit, excess(over: limit) > 0 { isFull = true }
            }
            return isWhole
        }
        guard isWhole else { throw .unfit("a record cannot be of this pipeline") }
        if isFull { useCold(cold) }
        return missing
    }

    /// Keys of windows in memory, and how many were given up to disk so far.
    public var keyCounts: (held: Int, spilled: Int) { (machine.keyCount, machine.spilledCount) }

    /// Bytes of memory that keyed state takes: keys and their rows, remembered ids, open alerts.
    public var stateBytes: Int { machine.stateBytes + intake.admission.byteCount + detectors.byteCount }

    /// By how many bytes keys, ids and alerts take more than `limit` leaves for them beside what has to stay in memory
    /// of each open alert; a quarter of it in any case. Memory that keys have left for the next ones does not count.
    public func excess(over limit: Int) -> Int {
        let fixed = detectors.byteCount - detectors.heldBytes
        return machine.heldBytes + intake.admission.byteCount + detectors.heldBytes - max(limit / 4, limit - fixed)
    }

    /// Bytes of memory that recent events take, held for alerts.
    public var evidenceBytes: Int { detectors.evidenceBytes }

    /// Bytes of an image of what has changed since the last one, about.
    public var changedBytes: Int { machine.changedBytes + intake.admission.changedBytes + detectors.changedBytes }

    /// Gives up the keys and the alerts that have been cold longest and the older ids, where the last checkpoint
    /// holds them, until the rest holds less than `limit` bytes. They come back when an event asks for them;
    /// results do not change. No image may be being filled.
    public func spill(to cold: any ColdState, limit: Int) {
        guard excess(over: limit) > 0 else { return }
        useCold(cold)
        detectors.spill(limit: limit / 4)
        let room = max(limit / 4, limit - detectors.byteCount)
        intake.admission.spill(limit: room / 4)
        machine.spill(limit: max(0, room - intake.admission.byteCount))
    }

    private func useCold(_ cold: any ColdState) {
        machine.useCold(cold)
        intake.admission.useCold(cold)
        detectors.useCold(cold)
    }

    /// What kept a spilled key, id or alert from being read: events since then are not judged with their whole history.
    public var coldFailure: ColdError? {
        machine.coldFailure ?? intake.admission.coldFailure ?? detectors.coldFailure
    }

    /// What is held for a key of an entity: offset and event time (microseconds) of each event, oldest first.
    public func events(entity: Int, key: Text) -> [(offset: Int64, time: Int64)] {
        machine.events(entity: entity, key: key)
    }

    /// The keys that are held for an entity.
    public func keys(entity: Int) -> [Text] { machine.keysHeld(entity: entity) }
}

extension ColdState {
    /// ``State/ColdState/visit(_:)``, with an error of the engine's own.
    fileprivate func read(_ body: (StateRecord) -> Bool) throws(ColdError) {
        do { try visit(body) } catch { throw .unread(error) }
    }
}
