import Base
import Models
import Plan
import StateStore
import Windows

/// Turns detections into alerts: opens, revises and ends them, and collects their evidence.
final class AlertTracker {
    private let plan: PipelinePlan
    private let partition: Int
    private let evidence: EvidenceStore
    private let domainField: Int?
    private var detectors: [SessionBox]

    /// Events of a session that are handed over with their bytes when it opens an alert; older ones are read when they
    /// are written.
    static let openingEvents = 1024

    private final class SessionBox {
        var sessions: AlertSessions

        init(_ detector: Detector, table: StateTable, features: Int) {
            var reasons = 0
            if case .model = detector.kind { reasons = Reason.countMax }
            sessions = AlertSessions(gap: detector.sessionGap, table: table, features: features, reasons: reasons)
        }
    }

    /// Keeps so many bytes of recent events for evidence.
    init(plan: PipelinePlan, partition: Int, evidenceBytes: Int) {
        self.plan = plan
        self.partition = partition
        domainField = plan.schema.index(ofRole: .domain)
        evidence = EvidenceStore(plan: plan, limitBytes: evidenceBytes)
        detectors = plan.detectors.enumerated().map { index, detector in
            SessionBox(detector, table: Self.table(index), features: plan.features.count)
        }
    }

    func step(
        _ batch: ColumnBatch,
        rows: UnsafePointer<Int32>,
        offsets: UnsafePointer<Int64>,
        count: Int,
        machine: WindowMachine,
        scorers: [ModelScorer?],
        clock: Int64?,
        emits: Bool,
        into output: inout EngineOutput
    ) {
        evidence.retain(batch, rows: rows, offsets: offsets, count: count)
        for (index, detector) in plan.detectors.enumerated() {
            let box = detectors[index]
            let keys = machine.keys(detector.entity)
            let crossing = Crossing(detector, rule: machine.rule(index), scorer: scorers[index])
            // The alerts that this batch opens or revises, where they are, and each one's last event: only of that one are
            // reasons kept.
            var touched: [String: (slot: Int, event: Int)] = [:]
            for event in 0..<count where !keys[event].isAbsent {
                let time = batch.times[Int(rows[event])]
                let slot = box.sessions.current(keys[event], time: time)
                guard slot != nil || crossing.isTrue(of: event) else { continue }
                let detection = crossing.detection(of: event)
                var alert: AlertUpdate
                if let slot, let open = box.sessions[slot] {
                    alert = revised(open, detection, offset: offsets[event], time: time)
                } else {
                    alert = opened(
                        index,
                        detection,
                        key: keys[event],
                        keyText: keyText(detector.entity, batch, Int(rows[event])),
                        domain: domainField.flatMap { text(of: .field($0, .text), batch, Int(rows[event])) },
                        offset: offsets[event],
                        time: time,
                        machine: machine,
                        room: output.isFull ? 1 : Self.openingEvents
                    )
                }
                alert.features = plan.features.indices.map { machine.feature($0)[event] }
                if emits { output.note(alert) }
                alert.newEvidence = []
                alert.furtherEvidence = []
                if let slot {
                    box.sessions[slot] = alert
                    touched[alert.id] = (slot, event)
                    continue
                }
                let place = box.sessions.open(alert, key: keys[event])
                if let ended = place.ended, emits { output.note(end(ended)) }
                touched[alert.id] = (place.slot, event)
            }
            if let scorer = scorers[index] {
                scorer.explain(touched.values.map(\.event).sorted())
                for (id, place) in touched {
                    let reasons = scorer.reasons(of: place.event, machine)
                    output.setReasons(reasons, of: id)
                    if box.sessions[place.slot]?.id == id { box.sessions[place.slot]?.reasons = reasons }
                }
            }
            guard let clock else { continue }
            box.sessions.endSessions(clock: clock) { if emits { output.note(end($0)) } }
        }
    }

    // MARK: - Checkpoints

    /// The table of a detector's open alerts.
    private static func table(_ detector: Int) -> StateTable { StateTable(UInt16(0x8000 + detector)) }

    /// How far behind the clock an open alert of each detector matters, microseconds.
    var horizons: [StateTable: Int64] {
        var found: [StateTable: Int64] = [:]
        for (index, box) in detectors.enumerated() { found[Self.table(index)] = box.sessions.gap }
        return found
    }

    /// Bytes of memory that open alerts take, about.
    var byteCount: Int { detectors.reduce(0) { $0 + $1.sessions.byteCount } }

    /// The part of them that ``spill(limit:)`` makes less.
    var heldBytes: Int { detectors.reduce(0) { $0 + $1.sessions.heldBytes } }

    /// From now on alerts that are not in memory are looked for in the last checkpoint.
    func useCold(_ store: CheckpointStore) {
        for box in detectors { box.sessions.useCold(store) }
    }

    /// What kept a spilled alert from being read; nil if nothing did.
    var coldFailure: StateError? { detectors.lazy.compactMap { $0.sessions.coldFailure }.first }

    /// Gives up the alerts that have been cold longest, where the last checkpoint holds them, until the rest takes about
    /// `limit` bytes. No image may be being filled.
    func spill(limit: Int) {
        let total = heldBytes
        guard total > limit else { return }
        for box in detectors {
            box.sessions.spill(limit: Int(Double(limit) * Double(box.sessions.heldBytes) / Double(total)))
        }
    }

    /// Bytes of an image of the alerts that have changed since the last one, about.
    var changedBytes: Int { detectors.reduce(0) { $0 + $1.sessions.changedBytes } }

    /// Bytes of memory that recent events take.
    var evidenceBytes: Int { evidence.byteCount }

    /// Begins to fill an image. The last one must be whole.
    func beginImage(_ image: StateImage, all: Bool) {
        for box in detectors { box.sessions.beginImage(image, all: all) }
    }

    /// Copies on, until the image has about `limit` bytes. True once it is whole.
    func fillImage(upTo limit: Int) -> Bool { detectors.allSatisfy { $0.sessions.fillImage(upTo: limit) } }

    /// Whether an alert is open that the record could be of.
    func holds(_ record: StateRecord) -> Bool {
        detector(of: record).map { detectors[$0].sessions.holds(record.key) } ?? false
    }

    /// True if the record was an alert of a detector that there is.
    func load(_ record: StateRecord, inMemory: Bool) -> Bool {
        guard let index = detector(of: record) else { return false }
        return detectors[index].sessions.load(record.key, record.value, inMemory: inMemory)
    }

    private func detector(of record: StateRecord) -> Int? {
        let index = Int(record.table.number) - 0x8000
        return detectors.indices.contains(index) ? index : nil
    }

    /// Open alerts of a detector.
    func openCount(_ detector: Int) -> Int { detectors[detector].sessions.count }

    private func end(_ alert: AlertUpdate) -> AlertUpdate {
        var alert = alert
        alert.isEnded = true
        return alert
    }

    private func opened(
        _ index: Int,
        _ detection: Detection,
        key: Text,
        keyText: String,
        domain: String?,
        offset: Int64,
        time: Int64,
        machine: WindowMachine,
        room: Int
    ) -> AlertUpdate {
        let detector = plan.detectors[index]
        let session = machine.session(
            entity: detector.entity,
            key: key,
            gap: detector.sessionGap,
            upTo: offset
        )
        let older = max(0, session.count - room)
        var collected: [Evidence] = []
        for (position, member) in session.enumerated().dropFirst(older) {
            let held = evidence.event(at: member.offset)
            let isOpening = member.offset == offset
            collected.append(
                Evidence(
                    position: position,
                    offset: member.offset,
                    time: member.time,
                    eventID: held?.eventID ?? "",
                    amount: held?.amount,
                    score: isOpening ? detection.score : nil,
                    role: isOpening ? .opened : .before,
                    payload: held?.payload ?? []
                )
            )
        }
        let source = "\(detector.name)\u{1F}\(keyText)\u{1F}\(partition)\u{1F}\(offset)\u{1F} alert"
        let hash = Text(source)
        return AlertUpdate(
            // The offset in front, so that alerts are written beside one another and sort by age.
            id: String(hexadecimal(UInt64(offset)).suffix(12) + hexadecimal(hash.low).prefix(12)),
            detector: index,
            type: detection.type,
            entityKey: keyText,
            domain: domain,
            score: detection.score,
            peakScore: detection.score,
            eventCount: session.count,
            amount: session.reduce(0) { $0 + $1.amount },
            openedTime: time,
            firstTime: session.first?.time ?? time,
            lastTime: time,
            openedOffset: offset,
            lastOffset: offset,
            revisions: 0,
            isEnded: false,
            reasons: [],
            features: [],
            newEvidence: collected,
            furtherEvidence: session.prefix(older).map { EvidencePlace(offset: $0.offset, time: $0.time) }
        )
    }

    private func revised(_ open: AlertUpdate, _ detection: Detection, offset: Int64, time: Int64) -> AlertUpdate {
        var alert = open
        let held = evidence.event(at: offset)
        // A rule stays true for its session; a model says anew what it thinks.
        if case .model = plan.detectors[alert.detector].kind {
            alert.score = detection.score
            alert.type = detection.type
        }
        alert.peakScore = max(alert.peakScore, alert.score)
        alert.amount += held?.amount ?? 0
        alert.firstTime = min(alert.firstTime, time)
        alert.lastTime = max(alert.lastTime, time)
        alert.lastOffset = offset
        alert.revisions += 1
        alert.newEvidence = [
            Evidence(
                position: alert.eventCount,
                offset: offset,
                time: time,
                eventID: held?.eventID ?? "",
                amount: held?.amount,
                score: detection.score,
                role: .revised,
                payload: held?.payload ?? []
            )
        ]
        alert.eventCount += 1
        return alert
    }

    /// The key of an entity as a person reads it.
    private func keyText(_ entity: Int, _ batch: ColumnBatch, _ row: Int) -> String {
        plan.entities[entity].key.map { text(of: $0, batch, row) ?? "" }.joined(separator: "/")
    }

    private func text(of expression: Expression, _ batch: ColumnBatch, _ row: Int) -> String? {
        switch expression {
        case .text(let literal): return literal
        case .field(let field, _):
            guard let texts = batch.columns[field].texts, !texts[row].isAbsent else { return nil }
            return batch.string(field: field, row: row)
        case .call(.coalesce, let arguments):
            for argument in arguments { if let found = text(of: argument, batch, row) { return found } }
            return nil
        default: return nil
        }
    }
}

/// What a detector says of one event.
private struct Detection {
    var score: Double
    var type: String
}

/// A detector and what it goes by in one batch.
private struct Crossing {
    private let name: String
    private let rule: UnsafePointer<Double>
    private let ruleScore: Double
    private let scorer: ModelScorer?
    private let threshold: Double

    init(_ detector: Detector, rule: UnsafePointer<Double>, scorer: ModelScorer?) {
        name = detector.name
        self.rule = rule
        self.scorer = scorer
        switch detector.kind {
        case .rule(_, let score): (ruleScore, threshold) = (score, .infinity)
        case .model(_, let limit, _): (ruleScore, threshold) = (0, limit)
        }
    }

    @inline(__always)
    func isTrue(of event: Int) -> Bool {
        guard let scorer else { return rule[event] == 1 }
        return scorer.score(of: event) >= threshold
    }

    func detection(of event: Int) -> Detection {
        guard let scorer else { return Detection(score: isTrue(of: event) ? ruleScore : 0, type: name) }
        return Detection(score: scorer.score(of: event), type: scorer.fraudClass(of: event))
    }
}

/// 16 hexadecimal digits.
private func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
