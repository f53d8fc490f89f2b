/// Where every event went (C5): events = ok + late + duplicate + rejected, always.
public struct Ledger: Sendable, Equatable {
    public var ok = 0
    public var late = 0
    public var duplicate = 0
    public var rejected = 0

    public init() {}

    public var events: Int { ok + late + duplicate + rejected }

    /// Adds the counts of another ledger.
    public static func += (left: inout Ledger, right: Ledger) {
        left.ok += right.ok
        left.late += right.late
        left.duplicate += right.duplicate
        left.rejected += right.rejected
    }
}

/// An event that was not accepted, and why.
public struct RejectedEvent: Sendable, Equatable {
    public var offset: Int64
    /// The recording's line, where it is known.
    public var line: Int?
    public var field: String?
    public var reason: String
    /// The first bytes of the event as it came.
    public var raw: [UInt8]
}

/// An event older than the partition's clock.
public struct LateEvent: Sendable, Equatable {
    public var offset: Int64
    public var eventID: String
    public var time: Int64
    public var clock: Int64
}

/// An event whose id had been accepted before.
public struct DuplicateEvent: Sendable, Equatable {
    public var offset: Int64
    public var eventID: String
    public var time: Int64
    public var firstOffset: Int64
}
