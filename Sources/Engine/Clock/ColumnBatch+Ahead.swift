public import Plan

extension ColumnBatch.Rejection {
    /// An event that is too far ahead, or that was when it came: time may have gone past it before it was decided.
    init(schema: Schema, of reference: ColumnBatch.Reference, by microseconds: Int64) {
        let field = schema.index(ofRole: .time).map { schema.fields[$0].name }
        let other = reference.isWallClock ? "this computer's clock" : "the newest event"
        let length = microseconds.magnitude
        let days = length / 86_400_000_000
        let distance = days > 0 ? "\(days) days" : "\(length / 1_000_000) s"
        let reason =
            microseconds > 0
            ? "\(distance) ahead of \(other)" : "\(distance) before \(other), a time that too few others have"
        self.init(field: field, reason: reason, kind: .ahead(reference))
    }
}

extension ColumnBatch {
    /// Refuses events that the event clock does not believe.
    public func refuse(_ events: some Sequence<EventClock.Refused>) {
        for event in events { refuse(event.row, aheadOf: event.reference) }
    }

    /// Refuses an event that is too far ahead of a time.
    package func refuse(_ row: Int, aheadOf reference: Reference) {
        let distance = times[row].distance(above: reference.time)
        rejections.append(Rejection(schema: schema, of: reference, by: distance))
        status[row] = Int32(rejections.count)
    }
}
