import Activations
import AlertStore
import EventLog
import Partition
import Plan

/// What came of an activation.
public struct ActivationOutcome: Sendable, Equatable {
    public var activation: Activation
    public var changes: DetectorChanges
    /// Whether it is a new one: false if what was asked for had been in force already.
    public var isNew: Bool
    /// Whether windows were filled from a log that no longer begins with the first event.
    public var isFilledInPart: Bool

    init(_ activation: Activation, behind before: Activation, _ engines: [NextEngine] = []) {
        self.activation = activation
        changes = DetectorChanges(from: before.detectors, to: activation.detectors)
        isNew = activation.number != before.number
        isFilledInPart = engines.contains { $0.gathers && $0.logStart > 0 }
    }

    /// In words for a person.
    public var words: String {
        guard isNew else { return "nothing new: activation \(activation.number) has put it in force already" }
        return "activation \(activation.number): \(changes.words)"
            + (isFilledInPart ? "; windows that were not kept before do not see what the log no longer has" : "")
    }
}

/// Definitions come into force in a directory that nothing else is done with meanwhile.
extension DataDirectory {
    /// Puts definitions in force from behind the last event on.
    ///
    /// - Parameters:
    ///   - definitions: What is to be in force.
    ///   - note: Who wants it, and why.
    ///   - progress: Told how far a partition is in what has to be read again.
    /// - Returns: What has come of it.
    /// - Throws: ``RuntimeError``
    public func activate(
        _ definitions: LoadedDefinitions,
        _ note: ActivationNote,
        _ progress: (_ partition: Int, _ done: Int, _ total: Int) -> Void
    ) throws(RuntimeError) -> ActivationOutcome {
        let before = try Self.check(definitions, against: book)
        var offsets: [Int: Int64] = [:]
        var engines: [NextEngine] = []
        for worker in workers {
            let next = try worker.prepare(definitions.definitions(book.history.nextNumber))
            let end = worker.runner.endOffset
            try worker.gather(next) { offset in
                progress(worker.partition, Int(offset), Int(end))
                return true
            }
            try worker.sync()
            offsets[worker.partition] = end
            engines.append(next)
        }
        let activation = try book.add(definitions, .activate, offsets: offsets, note)
        for (worker, next) in zip(workers, engines) { try worker.activate(next) }
        self.definitions = definitions
        do throws(AlertStoreError) { try book.mirror(in: database, definitions) } catch { throw RuntimeError(error) }
        return ActivationOutcome(activation, behind: before, engines)
    }

    /// Refuses what cannot come into force behind what is.
    ///
    /// - Returns: What is in force.
    static func check(_ next: LoadedDefinitions, against book: ActivationBook) throws(RuntimeError) -> Activation {
        guard let current = try book.current() else { preconditionFailure("Something is in force.") }
        let plan = current.definitions.plan
        guard next.plan.name == plan.name else {
            throw .plan(
                "the pipeline is called \(next.plan.name), and the events are of \(plan.name): another pipeline has a data "
                    + "directory of its own (--data-dir)"
            )
        }
        guard next.identity.partitioning == current.definitions.identity.partitioning else {
            throw .plan(
                "the pipeline puts events into other partitions (partitions, or their key) than the log has them in: replay "
                    + "the recordings into another --data-dir"
            )
        }
        return current.activation
    }
}

extension PartitionWorker {
    /// Makes the engine of definitions that are to come into force.
    func prepare(_ definitions: Definitions) throws(RuntimeError) -> NextEngine {
        do throws(RunnerError) { return try runner.prepare(definitions) } catch { throw RuntimeError(error) }
    }

    /// Reads what an engine misses, up to the log's end, or until it is told to stop.
    func gather(_ next: NextEngine, _ progress: (Int64) -> Bool) throws(RuntimeError) {
        do throws(RunnerError) {
            try next.gather(to: runner.endOffset, from: runner.reader(from: next.offset), progress: progress)
        } catch {
            throw RuntimeError(error)
        }
    }

    /// Puts definitions in force from the log's end on.
    func activate(_ next: NextEngine) throws(RuntimeError) {
        do throws(RunnerError) { try runner.activate(next) } catch { throw RuntimeError(error) }
    }
}
