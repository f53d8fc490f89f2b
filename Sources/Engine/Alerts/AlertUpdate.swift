import Base
public import Models

/// One event of an alert's session.
public struct Evidence: Sendable, Equatable {
    public enum Role: String, Sendable {
        /// Came before the alert opened, in the same session.
        case before
        /// Made the alert open.
        case opened
        /// Came later in the session and revised the alert.
        case revised
    }

    /// 0… within the alert, in the order of arrival.
    public var position: Int
    public var offset: Int64
    /// Event time, microseconds.
    public var time: Int64
    public var eventID: String
    public var amount: Double?
    /// The detector's score as of this event; nil for events before the alert.
    public var score: Double?
    public var role: Role
    /// The event's own bytes, as it came.
    public var payload: [UInt8]

    /// An event that is read from the log again: id, amount and bytes may come later.
    package init(
        position: Int,
        offset: Int64,
        time: Int64,
        eventID: String,
        amount: Double?,
        score: Double?,
        role: Role,
        payload: [UInt8]
    ) {
        self.position = position
        self.offset = offset
        self.time = time
        self.eventID = eventID
        self.amount = amount
        self.score = score
        self.role = role
        self.payload = payload
    }
}

/// Where an event lies: evidence that is read again when it is needed.
public struct EvidencePlace: Sendable, Equatable {
    public var offset: Int64
    /// Event time, microseconds.
    public var time: Int64
}

/// The state of an alert after a batch: opened or revised in it, with the evidence that the batch added.
public struct AlertUpdate: Sendable, Equatable {
    /// Hash of detector, entity key, partition and offset of the event that opened it.
    public var id: String
    public var detector: DetectorLabel
    /// The number of the activation that was in force when it opened.
    public var activation: Int
    /// Predicted class, or the rule's name (C7).
    public var type: String
    public var entityKey: String
    /// The opening event's field with role domain; nil without one.
    public var domain: String?
    /// As of the last event of the session so far; and the largest so far.
    public var score: Double
    public var peakScore: Double
    public var eventCount: Int
    /// Sum over the session of the field with role amount.
    public var amount: Double
    public var openedTime: Int64
    public var firstTime: Int64
    public var lastTime: Int64
    public var openedOffset: Int64
    public var lastOffset: Int64
    public var revisions: Int
    /// True once the clock has passed the session's end.
    public var isEnded: Bool
    public var reasons: [Reason]
    /// All features as of the last event, in the plan's order.
    public var features: [Double]
    public var newEvidence: [Evidence]
    /// Where a session is long by the time it opens an alert, the older events of it, at positions 0… before those of
    /// `newEvidence`: they are read from the log one by one when they are written, and never held together.
    public var furtherEvidence: [EvidencePlace] = []

    /// The same once its session is over.
    var ended: AlertUpdate {
        var alert = self
        alert.isEnded = true
        return alert
    }
}
