/// An alert as stored: the state as of the last event of its session so far.
public struct AlertRecord: Sendable, Equatable {
    public var id: String
    public var detector: String
    public var type: String
    public var entity: String
    public var entityKey: String
    public var score: Double
    public var peakScore: Double
    public var severity: String
    public var events: Int
    public var amount: Double
    public var openedMilliseconds: Int64
    public var firstEventMilliseconds: Int64
    public var lastEventMilliseconds: Int64
    public var partition: Int
    public var openedOffset: Int64
    public var lastOffset: Int64
    public var revisions: Int
    public var isEnded: Bool
    public var modelID: String?
    /// The opening event's field with role domain; nil if the pipeline has none, or the event.
    public var domain: String?
    /// What the detector was that opened it: 12 hexadecimal digits; nil of an alert that was written before alerts
    /// said so.
    public var detectorVersion: String?
    /// The number of the activation under which it was opened.
    public var activation: Int

    public init(
        id: String,
        detector: String,
        type: String,
        entity: String,
        entityKey: String,
        score: Double,
        peakScore: Double,
        severity: String,
        events: Int,
        amount: Double,
        openedMilliseconds: Int64,
        firstEventMilliseconds: Int64,
        lastEventMilliseconds: Int64,
        partition: Int,
        openedOffset: Int64,
        lastOffset: Int64,
        revisions: Int,
        isEnded: Bool,
        modelID: String?,
        domain: String? = nil,
        detectorVersion: String? = nil,
        activation: Int = 1
    ) {
        self.id = id
        self.detector = detector
        self.type = type
        self.entity = entity
        self.entityKey = entityKey
        self.score = score
        self.peakScore = peakScore
        self.severity = severity
        self.events = events
        self.amount = amount
        self.openedMilliseconds = openedMilliseconds
        self.firstEventMilliseconds = firstEventMilliseconds
        self.lastEventMilliseconds = lastEventMilliseconds
        self.partition = partition
        self.openedOffset = openedOffset
        self.lastOffset = lastOffset
        self.revisions = revisions
        self.isEnded = isEnded
        self.modelID = modelID
        self.domain = domain
        self.detectorVersion = detectorVersion
        self.activation = activation
    }
}

/// An event that some alert names, kept once however many do.
public struct EventRecord: Sendable, Equatable {
    public var partition: Int
    public var offset: Int64
    public var eventMilliseconds: Int64
    public var eventID: String
    public var amount: Double?
    /// The event's own bytes.
    public var payload: String

    public init(
        partition: Int,
        offset: Int64,
        eventMilliseconds: Int64,
        eventID: String,
        amount: Double?,
        payload: String
    ) {
        self.partition = partition
        self.offset = offset
        self.eventMilliseconds = eventMilliseconds
        self.eventID = eventID
        self.amount = amount
        self.payload = payload
    }
}

/// That an alert names an event, and what it adds to it.
public struct EvidenceRecord: Sendable, Equatable {
    public var alertID: String
    public var position: Int
    public var partition: Int
    public var offset: Int64
    public var score: Double?
    /// before, opened or revised.
    public var role: String

    public init(alertID: String, position: Int, partition: Int, offset: Int64, score: Double?, role: String) {
        self.alertID = alertID
        self.position = position
        self.partition = partition
        self.offset = offset
        self.score = score
        self.role = role
    }
}

/// One event of an alert's session, with what the alert adds to it.
public struct AlertEventRecord: Sendable, Equatable {
    public var alertID: String
    public var position: Int
    public var partition: Int
    public var offset: Int64
    public var eventMilliseconds: Int64
    public var eventID: String
    public var amount: Double?
    public var score: Double?
    /// before, opened or revised.
    public var role: String
    /// The event's own bytes.
    public var payload: String
}

/// One feature's part in an alert's score, the largest first.
public struct AlertReasonRecord: Sendable, Equatable {
    public var alertID: String
    public var rank: Int
    public var feature: String
    public var title: String
    public var value: Double?
    public var typical: Double?
    public var contribution: Double

    public init(
        alertID: String,
        rank: Int,
        feature: String,
        title: String,
        value: Double?,
        typical: Double?,
        contribution: Double
    ) {
        self.alertID = alertID
        self.rank = rank
        self.feature = feature
        self.title = title
        self.value = value
        self.typical = typical
        self.contribution = contribution
    }
}

/// A feature's value as of an alert's last event.
public struct AlertFeatureRecord: Sendable, Equatable {
    public var alertID: String
    public var feature: String
    public var value: Double?

    public init(alertID: String, feature: String, value: Double?) {
        self.alertID = alertID
        self.feature = feature
        self.value = value
    }
}

/// All features of an alert as of its last event, as they are kept: one JSON object of name and number or null.
public struct FeatureValuesRecord: Sendable, Equatable {
    public var alertID: String
    public var features: String

    public init(alertID: String, features: String) {
        self.alertID = alertID
        self.features = features
    }
}

/// An event that was not accepted.
public struct RejectRecord: Sendable, Equatable {
    public var partition: Int
    public var offset: Int64
    public var line: Int?
    public var field: String?
    public var reason: String
    public var raw: String

    public init(partition: Int, offset: Int64, line: Int?, field: String?, reason: String, raw: String) {
        self.partition = partition
        self.offset = offset
        self.line = line
        self.field = field
        self.reason = reason
        self.raw = raw
    }
}

/// An event that came after the clock had passed it.
public struct LateRecord: Sendable, Equatable {
    public var partition: Int
    public var offset: Int64
    public var eventID: String
    public var eventMilliseconds: Int64
    public var clockMilliseconds: Int64

    public init(partition: Int, offset: Int64, eventID: String, eventMilliseconds: Int64, clockMilliseconds: Int64) {
        self.partition = partition
        self.offset = offset
        self.eventID = eventID
        self.eventMilliseconds = eventMilliseconds
        self.clockMilliseconds = clockMilliseconds
    }
}

/// An event whose id had been accepted before.
public struct DuplicateRecord: Sendable, Equatable {
    public var partition: Int
    public var offset: Int64
    public var eventID: String
    public var eventMilliseconds: Int64
    public var firstOffset: Int64

    public init(partition: Int, offset: Int64, eventID: String, eventMilliseconds: Int64, firstOffset: Int64) {
        self.partition = partition
        self.offset = offset
        self.eventID = eventID
        self.eventMilliseconds = eventMilliseconds
        self.firstOffset = firstOffset
    }
}

/// How far a partition has come: the offset behind the last event that is accounted for, and where its events went.
public struct PartitionProgress: Sendable, Equatable {
    public var partition: Int
    public var nextOffset: Int64
    public var ok: Int
    public var late: Int
    public var duplicate: Int
    public var rejected: Int
    public var clockMilliseconds: Int64?
    /// Ended alerts whose last event is before this have been given up; nil = none have.
    public var expiredBeforeMilliseconds: Int64?
    /// The activation that is in force behind the last event.
    public var activation: Int

    public init(
        partition: Int,
        nextOffset: Int64,
        ok: Int,
        late: Int,
        duplicate: Int,
        rejected: Int,
        clockMilliseconds: Int64?,
        expiredBeforeMilliseconds: Int64? = nil,
        activation: Int = 1
    ) {
        self.activation = activation
        self.expiredBeforeMilliseconds = expiredBeforeMilliseconds
        self.partition = partition
        self.nextOffset = nextOffset
        self.ok = ok
        self.late = late
        self.duplicate = duplicate
        self.rejected = rejected
        self.clockMilliseconds = clockMilliseconds
    }

    public var events: Int { ok + late + duplicate + rejected }
}

/// Everything that one transaction writes: what a stretch of one partition's events led to (C3).
public struct EngineCommit: Sendable {
    public var topic: String
    /// Counts are those of this stretch; they are added to the stored ones.
    public var progress: PartitionProgress
    public var alerts: [AlertRecord] = []
    /// Each event that the stretch's evidence names, once, by offset.
    public var events: [EventRecord] = []
    public var evidence: [EvidenceRecord] = []
    /// How many events of an alert are not among these, because they are many: they are written as they are read.
    public var furtherEvidence: [String: Int] = [:]
    public var reasons: [AlertReasonRecord] = []
    public var features: [FeatureValuesRecord] = []
    public var rejects: [RejectRecord] = []
    public var late: [LateRecord] = []
    public var duplicates: [DuplicateRecord] = []
    /// What models have said of the stretch's events; not stored.
    public var predictions: [(modelID: String, scored: Int, positive: Int)] = []
    /// Ended alerts of the partition whose last event is older are given up; nil = none are.
    public var expireBeforeMilliseconds: Int64?

    public init(topic: String, progress: PartitionProgress) {
        self.topic = topic
        self.progress = progress
    }
}
