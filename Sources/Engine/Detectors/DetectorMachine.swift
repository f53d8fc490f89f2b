import Base
import Models
import Plan
import State
import Windows

/// One detector at work in a partition: what it goes by, and its open alerts.
///
/// It reads the keys, rules and features that the windows' machine has of the last batch, and shares with the other
/// detectors nothing but that and what writes alerts.
final class DetectorMachine {
    let label: DetectorLabel
    /// Hash of what it is, with all that it uses and its model.
    let identity: String
    let judge: Judge
    private let index: Int
    private let entity: Int
    private let gap: Int64
    private let featureCount: Int
    private let windows: WindowMachine
    private let writer: AlertWriter
    var sessions: AlertSessions

    /// Events of a session that are handed over with their bytes when it opens an alert; older ones are read when they
    /// are written.
    static let openingEvents = 1024

    /// - Parameters:
    ///   - index: Which detector of the plan.
    ///   - model: Of a detector with one.
    ///   - windows: Computes what the detector goes by.
    ///   - writer: Writes its alerts.
    ///   - definitions: What it is part of.
    /// - Throws: ``EngineError/missingModel(detector:model:)``
    init(
        _ index: Int,
        model: ModelBinding?,
        windows: WindowMachine,
        writer: AlertWriter,
        definitions: DefinitionsLabel
    ) throws(EngineError) {
        let plan = windows.plan
        precondition(plan.detectors.indices.contains(index), "A detector is of its plan.")
        let detector = plan.detectors[index]
        switch detector.kind {
        case .rule(_, let score): judge = .rule(windows.rule(index), score: score, name: detector.name)
        case .model(let name, let threshold, _):
            guard let model else { throw .missingModel(detector: detector.name, model: name) }
            judge = .model(ModelScorer(model, capacity: windows.capacity), threshold: threshold)
        }
        var hasher = PartHasher(plan)
        let binding = judge.scorer?.binding
        identity = hasher.alerts(of: index, model: binding?.id, inputs: binding?.features)
        label = DetectorLabel(
            name: detector.name,
            entity: plan.entities[detector.entity].name,
            model: binding?.id,
            version: String(identity.prefix(12)),
            definitions: definitions
        )
        self.index = index
        entity = detector.entity
        gap = detector.sessionGap
        featureCount = plan.features.count
        self.windows = windows
        self.writer = writer
        sessions = AlertSessions(
            label,
            gap: gap,
            table: StateTable(UInt16(0x8000 + index)),
            features: featureCount,
            reasons: judge.scorer == nil ? 0 : Reason.countMax
        )
    }

    /// Forgets all alerts.
    func reset() { sessions = AlertSessions(like: sessions) }

    /// Scores the accepted events of a batch, and notes how many and how many reach the threshold.
    func score(count: Int, emits: Bool, into output: inout EngineOutput) {
        guard case .model(let scorer, let threshold) = judge else { return }
        scorer.score(windows, count: count)
        guard emits else { return }
        output.notePredictions(of: label, scored: count, positive: scorer.count(from: threshold, of: count))
    }

    /// Opens, revises and ends alerts as of the events of a batch, which have been scored.
    func step(_ events: AcceptedEvents, clock: Int64?, emits: Bool, into output: inout EngineOutput) {
        precondition(events.count <= windows.capacity, "The windows have a place for each event.")
        let keys = windows.keys(entity)
        // The alerts that this batch opens or revises, where they are, and each one's last event: only of that one are
        // reasons kept.
        var touched: [String: (slot: Int, event: Int)] = [:]
        for event in 0..<events.count where !keys[event].isAbsent {
            let slot = sessions.current(keys[event], time: events.time(event))
            guard slot != nil || judge.isTrue(of: event) else { continue }
            let detection = judge.detection(of: event)
            var alert: AlertUpdate
            if let slot, let open = sessions[slot] {
                alert = writer.revised(open, detection, isNews: judge.scorer != nil, event, events)
            } else {
                alert = opened(detection, event, events, room: output.isFull ? 1 : Self.openingEvents)
            }
            alert.features = (0..<featureCount).map { windows.feature($0)[event] }
            if emits { output.note(alert) }
            alert.newEvidence = []
            alert.furtherEvidence = []
            if let slot {
                sessions[slot] = alert
                touched[alert.id] = (slot, event)
                continue
            }
            let place = sessions.open(alert, key: keys[event])
            if let ended = place.ended, emits { output.note(ended.ended) }
            touched[alert.id] = (place.slot, event)
        }
        explain(touched, into: &output)
        guard let clock else { return }
        sessions.endSessions(clock: clock) { if emits { output.note($0.ended) } }
    }

    private func opened(_ detection: Detection, _ event: Int, _ events: AcceptedEvents, room: Int) -> AlertUpdate {
        let key = windows.keys(entity)[event]
        let session = windows.session(entity: entity, key: key, gap: gap, upTo: events.offsets[event])
        let opening = AlertWriter.Opening(detection: detection, event: event, session: session, room: room)
        return writer.opened(label, entity: entity, opening, events)
    }

    /// Gives alerts the reasons of their last events.
    private func explain(_ touched: [String: (slot: Int, event: Int)], into output: inout EngineOutput) {
        guard let scorer = judge.scorer, !touched.isEmpty else { return }
        scorer.explain(touched.values.map(\.event).sorted())
        for (id, place) in touched {
            let reasons = scorer.reasons(of: place.event, windows)
            output.setReasons(reasons, of: id)
            if sessions[place.slot]?.id == id { sessions[place.slot]?.reasons = reasons }
        }
    }

    // MARK: - Checkpoints

    /// The table of its open alerts, and what it is. Its columns are the features that alerts list.
    var table: (table: StateTable, form: StateTableForm) {
        let order = sessions.order.map { windows.plan.features[$0].name }
        return (sessions.stateTable, StateTableForm(StateTableName("alerts " + identity, columns: order), horizon: gap))
    }

    /// Keeps alerts in a table that no checkpoint has yet. There must be none.
    func move(to table: StateTable) {
        precondition(sessions.count == 0, "Alerts that are open are in another table.")
        sessions = AlertSessions(like: sessions, in: table)
    }

    /// Keeps alerts in a table of a checkpoint, with the columns that it has there. There must be none yet.
    func keep(in table: StateTable, columns: [String]) {
        precondition(sessions.count == 0, "Alerts that are open are in another table.")
        let order = columns.compactMap { column in windows.plan.features.firstIndex { $0.name == column } }
        sessions = AlertSessions(like: sessions, in: table, order: order)
    }
}
