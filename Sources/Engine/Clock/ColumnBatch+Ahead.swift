public import Plan

extension ColumnBatch.Rejection {
    /// An event that is too far ahead of a time: of the newest event's, or of the clock of this computer.
    init(schema: Schema, aheadOf time: Int64, by microseconds: Int64, isWallClock: Bool = false) {
        let field = schema.index(ofRole: .time).map { schema.fields[$0].name }
        let days = microseconds / 86_400_000_000
        let distance = days > 0 ? "\(days) days" : "\(microseconds / 1_000_000) s"
        let other = isWallClock ? Self.wallClock : "the newest event"
        self.init(field: field, reason: "\(distance) ahead of \(other)", isAheadOf: time)
    }

    private static let wallClock = "this computer's clock"

    /// Whether the time it was compared with is that of a clock, not of an event.
    var isAheadOfWallClock: Bool { isAheadOf != nil && reason.hasSuffix(Self.wallClock) }
}

extension ColumnBatch {
    /// Refuses events that the event clock does not believe.
    public func refuse(_ events: some Sequence<EventClock.Refused>) {
        for event in events { refuse(event.row, aheadOf: event.newest, isWallClock: event.isWallClock) }
    }

    /// Refuses an event that is too far ahead of a time.
    func refuse(_ row: Int, aheadOf time: Int64, isWallClock: Bool) {
        let distance = times[row].distance(above: time)
        rejections.append(
            Rejection(schema: schema, aheadOf: time, by: distance, isWallClock: isWallClock)
        )
        status[row] = Int32(rejections.count)
    }
}
