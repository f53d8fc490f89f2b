import Activations
import AlertStore
import Base
import Delivery
import EventLog
import FileStore
import Plan

/// How a data directory and the alerts file beside it come to be of what is in force.
///
/// The alerts file mirrors the activations. Its rows are of the beginning that the mirror knows; if that is another one
/// than the topic's, the rows are made anew, whatever a crash was between.
struct DefinitionOpening {
    private let book: ActivationBook
    private let database: AlertDatabase
    private let store: any FileStore

    init(_ book: ActivationBook, _ database: AlertDatabase, store: any FileStore) {
        (self.book, self.database, self.store) = (book, database, store)
    }

    /// What holds from the log's start.
    var first: LoadedDefinitions {
        get throws(RuntimeError) {
            guard let found = try book.first() else { preconditionFailure("Something is in force.") }
            return found
        }
    }

    /// Sees to it that something is in force, from the log's start on if there is nothing or if it is to be as if it
    /// had always been; and that the alerts file is of that.
    ///
    /// - Returns: What is in force.
    func begin(
        with given: LoadedDefinitions,
        _ change: DefinitionChange,
        notes: inout [String]
    ) throws(RuntimeError) -> LoadedDefinitions {
        let before = try book.current()
        if let before {
            if !given.isSame(as: before.activation), case .rebuild(let isForced, let note) = change {
                try refuse(given, before.activation, isForced: isForced)
                try begin(given, note)
                let changes = DetectorChanges(from: before.activation.detectors, to: given.detectors)
                notes.append(
                    "the pipeline or the model has changed: alerts are rebuilt from the log (\(changes.words))"
                )
            }
        } else {
            try begin(given, change.note)
        }
        try mendEnd(given.plan.name, change.note, &notes)
        guard let current = try book.current() else { preconditionFailure("Something is in force.") }
        // Titles and the order of the parts are presentation, as long as no other definitions have written alerts.
        let isPresented = book.history.inForce.count == 1 && given.isSame(as: current.activation)
        let definitions = isPresented ? given : current.definitions
        try mirror(definitions, given: given, hadHistory: before != nil, &notes)
        return definitions
    }

    private func begin(_ given: LoadedDefinitions, _ note: ActivationNote) throws(RuntimeError) {
        let offsets = Dictionary(uniqueKeysWithValues: (0..<given.plan.partitionCount).map { ($0, Int64(0)) })
        _ = try book.add(given, .begin, offsets: offsets, note)
    }

    /// Activations and decisions are people's work: nothing is made as if they had not been, but by force.
    private func refuse(
        _ given: LoadedDefinitions,
        _ current: Activation,
        isForced: Bool
    ) throws(RuntimeError) {
        guard !isForced else { return }
        let past = book.history.inForce.count - 1
        let decisions: Int
        do throws(AlertStoreError) { decisions = try database.decisionCount() } catch { throw RuntimeError(error) }
        guard past > 0 || decisions > 0 else { return }
        var reasons: [String] = []
        if past > 0 { reasons.append("\(past) \(past == 1 ? "activation" : "activations")") }
        if decisions > 0 { reasons.append("\(decisions) \(decisions == 1 ? "decision" : "decisions") of people") }
        throw .changed(
            "the pipeline or the model is not the one in force (activation \(current.number)), and the data directory has "
                + "\(reasons.joined(separator: " and ")): `patternalarm activate` puts the new one in force from here on; "
                + "--rebuild makes all alerts anew, as if it had always been (decisions are kept)"
        )
    }

    /// Where a repair has cut the log in front of an activation, what it put in force holds from the cut on.
    private func mendEnd(_ topic: String, _ note: ActivationNote, _ notes: inout [String]) throws(RuntimeError) {
        guard let current = try book.current() else { return }
        var offsets: [Int: Int64] = [:]
        var isBehind = false
        for partition in 0..<current.definitions.plan.partitionCount {
            let end: Int64
            do throws(LogError) {
                end = try PartitionReader.bounds(directory: "log/\(topic)-\(partition)", store: store).end.rawValue
            } catch {
                // Opening the log says what is wrong with it.
                return
            }
            let start = book.history.starts(partition: partition).last?.offset ?? 0
            offsets[partition] = end
            isBehind = isBehind || start > end
        }
        guard isBehind else { return }
        let words = "the log has lost events in front of activation \(current.activation.number)"
        let mended = ActivationNote(author: note.author, words: words, atMilliseconds: note.atMilliseconds)
        let activation = try book.add(current.definitions, .activate, offsets: offsets, mended)
        notes.append("\(words): what it put in force holds from the log's end on, as activation \(activation.number)")
    }

    /// Tells the alerts file what is in force; what was derived from another beginning is taken out of it.
    private func mirror(
        _ definitions: LoadedDefinitions,
        given: LoadedDefinitions,
        hadHistory: Bool,
        _ notes: inout [String]
    ) throws(RuntimeError) {
        do throws(AlertStoreError) {
            if try isOfAnotherBeginning(given) {
                if !hadHistory {
                    notes.append("the pipeline or the model has changed: alerts are rebuilt from the log")
                }
                notes += try Self.givenUp(database, definitions.plan, store)
                try database.resetDerived()
            }
            try book.mirror(in: database, definitions)
        } catch {
            throw RuntimeError(error)
        }
    }

    private func isOfAnotherBeginning(_ given: LoadedDefinitions) throws(AlertStoreError) -> Bool {
        guard let beginning = book.history.inForce.first else { return false }
        if let known = try database.beginning() { return known != beginning.number }
        // A file from before there were activations.
        guard let last = try database.lastRun() else { return false }
        let isSame =
            given.identity.isKnown(as: last.pipelineSHA)
            && last.modelID.map(DataDirectory.inOrder) == given.modelID.map(DataDirectory.inOrder)
        return !isSame
    }

    /// Notes that a run begins.
    func noteRun(
        _ given: LoadedDefinitions,
        by program: (command: String, version: String),
        atMilliseconds time: Int64
    ) throws(RuntimeError) -> Int64 {
        let run = RunRecord(
            command: program.command,
            appVersion: program.version,
            pipeline: given.plan.name,
            pipelineSHA: given.identity.pipeline,
            modelID: given.modelID
        )
        do throws(AlertStoreError) { return try database.beginRun(run, atMilliseconds: time) } catch {
            throw RuntimeError(error)
        }
    }

    /// What a rebuild cannot make again, because its events are no longer in the log.
    static func givenUp(
        _ database: AlertDatabase,
        _ plan: PipelinePlan,
        _ store: any FileStore
    ) throws(AlertStoreError) -> [String] {
        var notes: [String] = []
        for partition in 0..<plan.partitionCount {
            let start: Int64
            do throws(LogError) {
                start = try PartitionReader.bounds(directory: "log/\(plan.name)-\(partition)", store: store).start
                    .rawValue
            } catch {
                // Opening the log says what is wrong with it.
                continue
            }
            let count = try database.alerts(partition: partition, openedBefore: start)
            guard count > 0 else { continue }
            notes.append(
                "partition \(partition): \(count) alerts of events before offset \(start) are given up, as the log no longer has "
                    + "those (log retain); what people have decided about them stays"
            )
        }
        return notes
    }
}
