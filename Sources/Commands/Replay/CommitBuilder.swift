import AlertStore
import Base
import Engine
import Plan

/// Turns what an engine put out into the rows of one transaction.
struct CommitBuilder {
    let plan: PipelinePlan
    let topic: String
    let modelIDs: [Int: String]
    /// How long behind the clock ended alerts are kept, milliseconds; nil = for ever.
    var alertTTL: Int64?

    func build(_ output: EngineOutput, rejectLines: [Int?]) -> EngineCommit {
        var commit = EngineCommit(
            topic: topic,
            progress: PartitionProgress(
                partition: output.partition,
                nextOffset: output.nextOffset,
                ok: output.ledger.ok,
                late: output.ledger.late,
                duplicate: output.ledger.duplicate,
                rejected: output.ledger.rejected,
                clockMilliseconds: output.clock.map { milliseconds($0) }
            )
        )
        if let alertTTL, let clock = output.clock { commit.expireBeforeMilliseconds = milliseconds(clock) - alertTTL }
        for alert in output.alerts { add(alert, partition: output.partition, to: &commit) }
        for (index, reject) in output.rejected.enumerated() {
            commit.rejects.append(
                RejectRecord(
                    partition: output.partition,
                    offset: reject.offset,
                    line: rejectLines.indices.contains(index) ? rejectLines[index] : nil,
                    field: reject.field,
                    reason: reject.reason,
                    raw: String(decoding: reject.raw, as: UTF8.self)
                )
            )
        }
        commit.late = output.late.map {
            LateRecord(
                partition: output.partition,
                offset: $0.offset,
                eventID: $0.eventID,
                eventMilliseconds: milliseconds($0.time),
                clockMilliseconds: milliseconds($0.clock)
            )
        }
        commit.duplicates = output.duplicates.map {
            DuplicateRecord(
                partition: output.partition,
                offset: $0.offset,
                eventID: $0.eventID,
                eventMilliseconds: milliseconds($0.time),
                firstOffset: $0.firstOffset
            )
        }
        return commit
    }

    private func add(_ alert: AlertUpdate, partition: Int, to commit: inout EngineCommit) {
        let detector = plan.detectors[alert.detector]
        commit.alerts.append(
            AlertRecord(
                id: alert.id,
                detector: detector.name,
                type: alert.type,
                entity: plan.entities[detector.entity].name,
                entityKey: alert.entityKey,
                score: alert.score,
                peakScore: alert.peakScore,
                severity: plan.severities.severity(of: alert.score),
                events: alert.eventCount,
                amount: alert.amount,
                openedMilliseconds: milliseconds(alert.openedTime),
                firstEventMilliseconds: milliseconds(alert.firstTime),
                lastEventMilliseconds: milliseconds(alert.lastTime),
                partition: partition,
                openedOffset: alert.openedOffset,
                lastOffset: alert.lastOffset,
                revisions: alert.revisions,
                isEnded: alert.isEnded,
                modelID: modelIDs[alert.detector]
            )
        )
        for event in alert.newEvidence {
            commit.events.append(
                AlertEventRecord(
                    alertID: alert.id,
                    position: event.position,
                    partition: partition,
                    offset: event.offset,
                    eventMilliseconds: milliseconds(event.time),
                    eventID: event.eventID,
                    amount: event.amount,
                    score: event.score,
                    role: event.role.rawValue,
                    payload: String(decoding: event.payload, as: UTF8.self)
                )
            )
        }
        for (rank, reason) in alert.reasons.enumerated() {
            let feature = plan.features[reason.feature]
            commit.reasons.append(
                AlertReasonRecord(
                    alertID: alert.id,
                    rank: rank + 1,
                    feature: feature.name,
                    title: feature.title ?? feature.name,
                    value: known(reason.value),
                    typical: known(reason.typical),
                    contribution: reason.contribution
                )
            )
        }
        for (feature, value) in zip(plan.features, alert.features) {
            commit.features.append(AlertFeatureRecord(alertID: alert.id, feature: feature.name, value: known(value)))
        }
    }

    private func known(_ value: Double) -> Double? { value.isFinite ? value : nil }

    private func milliseconds(_ microseconds: Int64) -> Int64 { EventTime(microseconds: microseconds).milliseconds }
}
