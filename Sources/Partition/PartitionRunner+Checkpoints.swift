import Engine
import State
import StateStore

/// Checkpoints are copied out of the engine between batches, a little at a time, so that no event waits for one.
extension PartitionRunner {
    /// Whether a checkpoint has been begun that is not copied whole yet.
    public var isCopying: Bool { filling != nil }

    /// Commits, then begins a checkpoint of what has changed since the last one. Each batch copies a piece of it on;
    /// once it is whole it is handed over to be written. Does nothing while the last one is still being copied or
    /// written, if nothing has changed, or while the commit has to wait. Returns whether a checkpoint was begun.
    @discardableResult
    public func beginCheckpoint() throws(RunnerError) -> Bool {
        let status = checkpointProgress.status
        guard eventsSinceCheckpoint > 0 || status.hasFailed, filling == nil, status != .writing, postponed == nil else {
            return false
        }
        // The state must be of an offset that the database has reached: what it is behind cannot be replayed (C3).
        do throws(RunnerError) {
            try commit()
        } catch {
            guard error.passes else { throw error }
            return false
        }
        precondition(uncommittedCount == 0, "A checkpoint is of what has been committed (C3).")
        if status.hasFailed { writesAll = true }
        let image = engine.beginImage(offset: output.nextOffset, all: writesAll, reusing: lastImage)
        image.sections[SourceMark.section] = SourceMark.encode(recordings)
        image.sections[EngineLine.section] = line.sectionBytes
        filling = image
        lastImage = nil
        writesAll = false
        eventsSinceCheckpoint = 0
        return true
    }

    /// Copies a piece of the checkpoint that was begun.
    public func continueCheckpoint() { fill(bytes: copyBytes) }

    /// Copies the rest of the checkpoint that was begun, and hands it over.
    public func finishCheckpoint() { fill(bytes: .max) }

    private func fill(bytes: Int) {
        guard let image = filling, engine.fillImage(image, bytes: bytes) else { return }
        precondition(image.offset <= output.nextOffset && lastImage == nil, "An image is of the past, and one of two.")
        filling = nil
        lastImage = image
        lastImageBytes = image.byteCount
        checkpointProgress.begin()
        installer.install(image, in: checkpoints, behind: sink, progress: checkpointProgress)
    }

    /// Gives up keys that are too many for memory.
    func keepStateLimit() throws(RunnerError) {
        guard let budget else { return }
        // Quicker than what is changed meanwhile.
        fill(bytes: budget.image / 4)
        if engine.excess(over: budget.state) > 0 { try spill(budget) }
        // An image is a copy: many small ones take less memory than a large one.
        if engine.changedBytes > budget.image, !isTooSoon {
            if engine.changedBytes > budget.image * 2 { waitForCheckpoint() }
            try beginCheckpoint()
        }
    }

    /// Whether the last checkpoint was so large, for what has come since, that another one would mostly say the same:
    /// keys that are larger than the limit are never given up while events ask for them, and copied whole each time.
    private var isTooSoon: Bool { eventsSinceCheckpoint * Self.changePerEvent < lastImageBytes }

    /// Bytes that an event changes, in all but very large keys.
    private static let changePerEvent = 4 << 10

    /// Whether the state is so far above the limit that nothing more may come (C9).
    func isFar(above budget: StateBudget) -> Bool { engine.excess(over: budget.state) > budget.state / 4 }

    /// Keys can be given up only when a checkpoint holds them as they are.
    private func spill(_ budget: StateBudget) throws(RunnerError) {
        // The writer is behind: going on would let the state grow without limit.
        if isFar(above: budget) {
            waitForCheckpoint()
        } else if isCopying {
            return
        }
        switch checkpointProgress.status {
        case .writing: return
        case .failed(let error):
            guard error.passes else { throw .state(error) }
            try beginCheckpoint()
        case .idle:
            engine.spill(to: checkpoints, limit: budget.state)
            if engine.excess(over: budget.state) > 0, !isTooSoon { try beginCheckpoint() }
        }
    }

    /// Why state above its limit could not be given up to disk, if that passes: the checkpoint is made again.
    public var spillFailure: StateError? {
        guard let budget, case .failed(let error) = checkpointProgress.status, error.passes,
            engine.excess(over: budget.state) > 0
        else { return nil }
        return error
    }

    /// Whether no more may be taken until it has been (C9).
    public var mustSpill: Bool {
        spillFailure != nil && budget.map { engine.excess(over: $0.state) >= Self.waitingBytes } ?? false
    }

    /// Makes the checkpoint that failed again, and gives up to it what is above the limit.
    public func spillAgain() throws(RunnerError) {
        try beginCheckpoint()
        waitForCheckpoint()
        try keepStateLimit()
    }

    /// Returns when the checkpoint that was begun, if any, is on disk or has failed.
    func waitForCheckpoint() {
        finishCheckpoint()
        installer.wait(for: checkpointProgress)
    }
}
