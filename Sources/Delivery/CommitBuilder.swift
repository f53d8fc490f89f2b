public import AlertStore
import Base
import Bytes
public import Engine
import Models
import Plan

/// Turns what an engine put out into the rows of one transaction.
public struct CommitBuilder: Sendable {
    private let topic: String
    private let alertTTL: Int64?

    /// - Parameters:
    ///   - topic: The log's name, under which the offset is kept.
    ///   - alertTTL: How long behind the clock ended alerts are kept, milliseconds; nil = for ever.
    public init(topic: String, alertTTL: Int64? = nil) {
        self.topic = topic
        self.alertTTL = alertTTL
    }

    /// The features' names as JSON members, each with its colon.
    private static func members(_ features: [Feature]) -> [[UInt8]] {
        features.map { feature in
            var name: [UInt8] = []
            JSONValue.text(feature.name).write(into: &name)
            return name + [0x3A]
        }
    }

    /// - Parameter output: What a stretch of a partition's events led to.
    /// - Returns: Its rows, and how far the partition has come.
    public func build(_ output: EngineOutput) -> EngineCommit {
        var commit = EngineCommit(
            topic: topic,
            progress: PartitionProgress(
                partition: output.partition,
                nextOffset: output.nextOffset,
                ok: output.ledger.ok,
                late: output.ledger.late,
                duplicate: output.ledger.duplicate,
                rejected: output.ledger.rejected,
                clockMilliseconds: output.clock.map { milliseconds($0) },
                activation: output.activation
            )
        )
        if let alertTTL, let clock = output.clock { commit.expireBeforeMilliseconds = milliseconds(clock) - alertTTL }
        for count in output.predictions {
            guard let id = count.detector.model else { continue }
            commit.predictions.append((id, count.scored, count.positive))
        }
        var members: (of: DefinitionsLabel, names: [[UInt8]])?
        for alert in output.alerts {
            let definitions = alert.detector.definitions
            if members?.of !== definitions { members = (definitions, Self.members(definitions.features)) }
            add(alert, partition: output.partition, features: members?.names ?? [], to: &commit)
        }
        addEvents(of: output, to: &commit)
        for reject in output.rejected {
            commit.rejects.append(
                RejectRecord(
                    partition: output.partition,
                    offset: reject.offset,
                    line: reject.line,
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

    private func add(
        _ alert: AlertUpdate,
        partition: Int,
        features members: [[UInt8]],
        to commit: inout EngineCommit
    ) {
        let definitions = alert.detector.definitions
        commit.alerts.append(
            AlertRecord(
                id: alert.id,
                detector: alert.detector.name,
                type: alert.type,
                entity: alert.detector.entity,
                entityKey: alert.entityKey,
                score: alert.score,
                peakScore: alert.peakScore,
                severity: definitions.severities.severity(of: alert.score),
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
                modelID: alert.detector.model,
                domain: alert.domain,
                detectorVersion: alert.detector.version,
                activation: alert.activation
            )
        )
        for event in alert.newEvidence {
            commit.evidence.append(evidence(event, of: alert.id, partition: partition))
        }
        if !alert.furtherEvidence.isEmpty { commit.furtherEvidence[alert.id] = alert.furtherEvidence.count }
        for (rank, reason) in alert.reasons.enumerated() {
            let feature = definitions.features[reason.feature]
            commit.reasons.append(
                AlertReasonRecord(
                    alertID: alert.id,
                    rank: rank + 1,
                    feature: feature.name,
                    title: feature.shownTitle,
                    value: known(reason.value),
                    typical: known(reason.typical),
                    contribution: reason.contribution
                )
            )
        }
        commit.features.append(FeatureValuesRecord(alertID: alert.id, features: object(of: alert.features, members)))
    }

    /// Each event once, however many alerts name it, in the order of the log: they are written one behind the other.
    private func addEvents(of output: EngineOutput, to commit: inout EngineCommit) {
        var places: [(offset: Int64, alert: Int, event: Int)] = []
        places.reserveCapacity(commit.evidence.count)
        for (index, alert) in output.alerts.enumerated() {
            for (event, evidence) in alert.newEvidence.enumerated() { places.append((evidence.offset, index, event)) }
        }
        places.sort { $0.offset < $1.offset }
        var last: Int64?
        for place in places where place.offset != last {
            last = place.offset
            let found = output.alerts[place.alert].newEvidence[place.event]
            commit.events.append(event(found, partition: output.partition))
        }
    }

    func event(_ evidence: Evidence, partition: Int) -> EventRecord {
        EventRecord(
            partition: partition,
            offset: evidence.offset,
            eventMilliseconds: milliseconds(evidence.time),
            eventID: evidence.eventID,
            amount: evidence.amount,
            payload: String(decoding: evidence.payload, as: UTF8.self)
        )
    }

    func evidence(_ evidence: Evidence, of alertID: String, partition: Int) -> EvidenceRecord {
        EvidenceRecord(
            alertID: alertID,
            position: evidence.position,
            partition: partition,
            offset: evidence.offset,
            score: evidence.score,
            role: evidence.role.rawValue
        )
    }

    /// The features as a JSON object; one that is missing is null.
    private func object(of values: [Double], _ members: [[UInt8]]) -> String {
        var out: [UInt8] = [0x7B]
        out.reserveCapacity(values.count * 32)
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: NumberWriter.sizeMax) { digits in
            guard let base = digits.baseAddress else { return }
            for (index, value) in values.enumerated() {
                if index > 0 { out.append(0x2C) }
                out += members[index]
                if value.isFinite {
                    let count = NumberWriter.write(value, to: base)
                    out += UnsafeBufferPointer(start: base, count: count)
                } else {
                    out += "null".utf8
                }
            }
        }
        out.append(0x7D)
        return String(decoding: out, as: UTF8.self)
    }

    private func known(_ value: Double) -> Double? { value.isFinite ? value : nil }

    private func milliseconds(_ microseconds: Int64) -> Int64 { EventTime(microseconds: microseconds).milliseconds }
}
