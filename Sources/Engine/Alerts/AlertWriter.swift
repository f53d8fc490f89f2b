import Base
import Plan

/// Writes alerts: opens and revises them, with the events of their sessions as evidence.
final class AlertWriter {
    /// The event that opens an alert, and what comes with it.
    struct Opening {
        var detection: Detection
        /// Which of the accepted events of the batch.
        var event: Int
        /// Its session up to there, oldest first.
        var session: [(offset: Int64, time: Int64, amount: Double)]
        /// How many of these are handed over with their bytes at most.
        var room: Int
    }

    private let plan: PipelinePlan
    private let partition: Int
    private let limitBytes: Int
    private let domainField: Int?
    private var evidence: EvidenceStore

    /// Keeps so many bytes of recent events for evidence.
    init(plan: PipelinePlan, partition: Int, evidenceBytes: Int) {
        self.plan = plan
        self.partition = partition
        limitBytes = evidenceBytes
        domainField = plan.schema.index(ofRole: .domain)
        evidence = EvidenceStore(plan: plan, limitBytes: evidenceBytes)
    }

    /// Bytes of memory that recent events take.
    var evidenceBytes: Int { evidence.byteCount }

    /// Takes over the recent events that another one holds, of the same schema.
    func takeEvents(from other: AlertWriter) { swap(&evidence, &other.evidence) }

    func reset() { evidence = EvidenceStore(plan: plan, limitBytes: limitBytes) }

    /// Holds the events of a batch: alerts may be about them.
    func retain(_ events: AcceptedEvents) {
        evidence.retain(events.batch, rows: events.rows, offsets: events.offsets, count: events.count)
    }

    /// An alert of a detector, about an entity of the plan.
    func opened(_ label: DetectorLabel, entity: Int, _ opening: Opening, _ events: AcceptedEvents) -> AlertUpdate {
        let (session, detection) = (opening.session, opening.detection)
        let row = events.row(opening.event)
        let (offset, time) = (events.offsets[opening.event], events.time(opening.event))
        let key = keyText(entity, events.batch, row)
        let older = max(0, session.count - opening.room)
        return AlertUpdate(
            id: id(label, key, offset),
            detector: label,
            activation: label.definitions.activation,
            type: detection.type,
            entityKey: key,
            domain: domainField.flatMap { text(of: .field($0, .text), events.batch, row) },
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
            newEvidence: session.enumerated().dropFirst(older).map { position, member in
                let isOpening = member.offset == offset
                let score = isOpening ? detection.score : nil
                return piece(position, member.offset, member.time, score, isOpening ? .opened : .before)
            },
            furtherEvidence: session.prefix(older).map { EvidencePlace(offset: $0.offset, time: $0.time) }
        )
    }

    /// The offset in front, so that alerts are written beside one another and sort by age.
    private func id(_ label: DetectorLabel, _ key: String, _ offset: Int64) -> String {
        let hash = Text("\(label.name)\u{1F}\(key)\u{1F}\(partition)\u{1F}\(offset)\u{1F} alert")
        return String(hexadecimal(UInt64(offset)).suffix(12) + hexadecimal(hash.low).prefix(12))
    }

    /// An open alert with one more event of its session. A rule stays true for its session; a model says anew what it
    /// thinks.
    func revised(
        _ open: AlertUpdate,
        _ detection: Detection,
        isNews: Bool,
        _ event: Int,
        _ events: AcceptedEvents
    ) -> AlertUpdate {
        var alert = open
        let (offset, time) = (events.offsets[event], events.time(event))
        if isNews {
            alert.score = detection.score
            alert.type = detection.type
        }
        let added = piece(alert.eventCount, offset, time, detection.score, .revised)
        alert.peakScore = max(alert.peakScore, alert.score)
        alert.amount += added.amount ?? 0
        alert.firstTime = min(alert.firstTime, time)
        alert.lastTime = max(alert.lastTime, time)
        alert.lastOffset = offset
        alert.revisions += 1
        alert.newEvidence = [added]
        alert.eventCount += 1
        return alert
    }

    /// A piece of evidence, without its bytes if they are no longer held.
    private func piece(
        _ position: Int,
        _ offset: Int64,
        _ time: Int64,
        _ score: Double?,
        _ role: Evidence.Role
    ) -> Evidence {
        let held = evidence.event(at: offset)
        return Evidence(
            position: position,
            offset: offset,
            time: time,
            eventID: held?.eventID ?? "",
            amount: held?.amount,
            score: score,
            role: role,
            payload: held?.payload ?? []
        )
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

/// 16 hexadecimal digits.
private func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
