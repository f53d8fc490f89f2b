import Base

/// The one thread that writes a ``SharedLog``: takes a round, appends it, publishes how far the logs go, and answers.
final class LogFlusher: @unchecked Sendable {
    // Sendable because it is handed to its thread once and never used by another.
    private let logs: [PartitionLog]
    private let state: SharedLogState
    private let durability: LogSettings.Durability
    /// By partition: the round's batches, and which entries they are.
    private var batches: [[EncodedBatch]]
    private var entries: [[Int]]
    /// When what was written and not synced is to be synced.
    private var syncDue: Moment?

    init(_ logs: [PartitionLog], _ state: SharedLogState, _ settings: LogSettings) {
        self.logs = logs
        self.state = state
        durability = settings.durability
        batches = logs.map { _ in [] }
        entries = logs.map { _ in [] }
    }

    private enum Work {
        case round(LogRound, [LogRound.Entry])
        case close(SharedLogState.Closing)
    }

    func run() {
        while true {
            let work = state.queue.wait(until: syncDue) { queue -> Work? in
                if !queue.entries.isEmpty {
                    let round = queue.round
                    let entries = queue.entries
                    queue.round = LogRound()
                    queue.entries = []
                    queue.bytes = 0
                    return .round(round, entries)
                }
                return queue.closing.map { .close($0) }
            }
            switch work {
            case .round(let round, let entries):
                // Callers may wait for room.
                state.queue.wakeAll()
                write(entries, round)
                if let syncDue, syncDue <= .now() { syncAll() }
            case .close(let closing):
                return close(closing)
            case nil:
                syncAll()
            }
        }
    }

    private func write(_ round: [LogRound.Entry], _ answer: LogRound) {
        for (number, entry) in round.enumerated() {
            batches[entry.partition].append(entry.batch)
            entries[entry.partition].append(number)
        }
        var outcome: [Result<LogOffset, LogError>] = round.map { _ in .success(LogOffset(0)) }
        for (partition, log) in logs.enumerated() where !batches[partition].isEmpty {
            let offsets = log.append(batches[partition])
            precondition(offsets.count == entries[partition].count, "Every batch is answered, in its order.")
            for (number, offset) in zip(entries[partition], offsets) { outcome[number] = offset }
            batches[partition].removeAll(keepingCapacity: true)
            entries[partition].removeAll(keepingCapacity: true)
        }
        if case .interval(let milliseconds) = durability, syncDue == nil {
            syncDue = .now(plusMilliseconds: milliseconds)
        }
        publish()
        answer.outcome.update { $0 = outcome }
    }

    /// Syncs every partition that was written to. A failure is kept by its log, which refuses the next batch.
    private func syncAll() {
        syncDue = nil
        for log in logs {
            do throws(LogError) { try log.sync() } catch { continue }
        }
        publish()
    }

    private func close(_ closing: SharedLogState.Closing) {
        var failure: LogError?
        if closing == .seal {
            for log in logs {
                do throws(LogError) { try log.close() } catch { failure = failure ?? error }
            }
        }
        publish()
        state.ends.update { ends in
            ends.isClosed = true
            ends.closeError = failure
        }
    }

    private func publish() {
        state.ends.update { ends in
            for (partition, log) in logs.enumerated() {
                let known = ends.partitions[partition]
                let end = SharedLogState.End(
                    visible: durability == .fsync ? log.durableOffset : log.endOffset,
                    durable: log.durableOffset,
                    failure: log.refusal
                )
                precondition(end.visible >= known.visible && end.durable >= known.durable, "No end goes back.")
                ends.partitions[partition] = end
            }
        }
    }
}
