import Base
import Models

/// How many events a detector's model has scored, and how many of them reached the threshold.
public struct PredictionCount: Sendable, Equatable {
    public let detector: DetectorLabel
    public var scored = 0
    public var positive = 0
}

/// What a batch of events led to: everything that one database transaction has to hold (C3).
public struct EngineOutput: Sendable {
    public let partition: Int
    /// The number of the activation that is in force behind the last event.
    public package(set) var activation = 1
    /// The offset behind the last event that is accounted for.
    public var nextOffset: Int64 = 0
    /// The partition's clock, microseconds; nil before its first event.
    public var clock: Int64?
    public var ledger = Ledger()
    public var rejected: [RejectedEvent] = []
    public var late: [LateEvent] = []
    public var duplicates: [DuplicateEvent] = []
    /// One for each detector whose model has scored any.
    public private(set) var predictions: [PredictionCount] = []
    /// Each alert that was opened, revised or ended, once, as of its last change.
    public private(set) var alerts: [AlertUpdate] = []
    private var positions: [String: Int] = [:]
    private var evidenceBytes = 0

    /// Bytes that wait for a commit at most, about; a batch may add some more.
    private let bytesMax: Int

    /// Whether so much waits that it is time for a commit. What a commit holds never depends on it, only how much.
    public var isFull: Bool { byteCount >= bytesMax }

    public init(partition: Int, bytesMax: Int = 32 << 20) {
        self.partition = partition
        self.bytesMax = bytesMax
    }

    /// Bytes that wait, about.
    public var byteCount: Int {
        evidenceBytes + alerts.count * (MemoryLayout<AlertUpdate>.stride + Self.bytesOutside)
            + rejected.count * (MemoryLayout<RejectedEvent>.stride + Self.bytesOutside)
            + late.count * MemoryLayout<LateEvent>.stride + duplicates.count * MemoryLayout<DuplicateEvent>.stride
    }

    /// Texts and lists of an alert or a refused event.
    private static let bytesOutside = 512

    /// Notes the newest state of an alert; evidence adds up.
    mutating func note(_ alert: AlertUpdate) {
        for event in alert.newEvidence { evidenceBytes += 256 + event.payload.count }
        evidenceBytes += alert.furtherEvidence.count * MemoryLayout<EvidencePlace>.stride
        guard let position = positions[alert.id] else {
            positions[alert.id] = alerts.count
            alerts.append(alert)
            return
        }
        // Taken out before it grows: a second owner would have it copied, once for each event.
        var evidence: [Evidence] = []
        swap(&evidence, &alerts[position].newEvidence)
        evidence.append(contentsOf: alert.newEvidence)
        let further = alerts[position].furtherEvidence
        alerts[position] = alert
        alerts[position].newEvidence = evidence
        alerts[position].furtherEvidence = further
    }

    /// Adds events that a detector's model has scored, and those of them at or above its threshold.
    mutating func notePredictions(of detector: DetectorLabel, scored: Int, positive: Int) {
        let known = predictions.firstIndex { $0.detector === detector }
        if known == nil { predictions.append(PredictionCount(detector: detector)) }
        let index = known ?? predictions.count - 1
        predictions[index].scored += scored
        predictions[index].positive += positive
    }

    /// Gives the newest state of an alert its reasons, if there is one.
    mutating func setReasons(_ reasons: [Reason], of id: String) {
        if let position = positions[id] { alerts[position].reasons = reasons }
    }

    /// Calls the body with every piece of evidence whose bytes are missing.
    package mutating func completeEvidence<Failure: Error>(
        _ body: (inout Evidence) throws(Failure) -> Void
    ) throws(Failure) {
        for alert in alerts.indices {
            for event in alerts[alert].newEvidence.indices where alerts[alert].newEvidence[event].payload.isEmpty {
                try body(&alerts[alert].newEvidence[event])
            }
        }
    }

    /// Puts further evidence among the new one: the body reads that of an alert.
    package mutating func completeFurtherEvidence<Failure: Error>(
        _ body: (AlertUpdate) throws(Failure) -> [Evidence]
    ) throws(Failure) {
        for alert in alerts.indices where !alerts[alert].furtherEvidence.isEmpty {
            let events = try body(alerts[alert]).sorted { $0.position < $1.position }
            alerts[alert].newEvidence.insert(contentsOf: events, at: 0)
            alerts[alert].furtherEvidence = []
        }
    }

    /// Empties the output after it has been committed; offset and clock stay.
    public mutating func removeAll() {
        precondition(positions.count == alerts.count, "Each alert is in the output once.")
        ledger = Ledger()
        evidenceBytes = 0
        rejected.removeAll(keepingCapacity: true)
        late.removeAll(keepingCapacity: true)
        duplicates.removeAll(keepingCapacity: true)
        predictions.removeAll(keepingCapacity: true)
        alerts.removeAll(keepingCapacity: true)
        positions.removeAll(keepingCapacity: true)
    }
}
