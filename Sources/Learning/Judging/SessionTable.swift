import Base

/// Scored events with their truth, grouped into the sessions that an analyst would see.
struct SessionTable {
    struct Event {
        var key: Text
        var partition: Int
        var offset: Int64
        var time: Int64
        var truth: Int
        var predicted: Int
        var score: Double
        /// Whether an alert of this session was open after this event.
        var crosses: Bool
    }

    /// One session: its events in the order of arrival.
    struct Session {
        var events: [Event]
        /// The class of its frauds if it has any, else the negative one.
        var truth: Int
        /// The last event's prediction.
        var predicted: Int
        var score: Double
        /// 1-based place of the first event that crossed the threshold.
        var firstAlert: Int?
    }

    let sessions: [Session]

    /// Cuts each key's events, in the order of time, wherever two neighbours are further apart than the gap.
    init(_ events: [Event], gap: Int64, negative: Int) {
        let order = events.indices.sorted { left, right in
            let (a, b) = (events[left], events[right])
            if a.partition != b.partition { return a.partition < b.partition }
            if a.key != b.key { return (a.key.high, a.key.low) < (b.key.high, b.key.low) }
            return a.time != b.time ? a.time < b.time : a.offset < b.offset
        }
        var sessions: [Session] = []
        var current: [Event] = []
        func close() {
            guard !current.isEmpty else { return }
            let arrived = current.sorted { $0.offset < $1.offset }
            let frauds = arrived.filter { $0.truth != negative }
            let last = arrived[arrived.count - 1]
            sessions.append(
                Session(
                    events: arrived,
                    truth: frauds.last?.truth ?? negative,
                    predicted: last.predicted,
                    score: last.score,
                    firstAlert: arrived.firstIndex { $0.crosses }.map { $0 + 1 }
                )
            )
            current = []
        }
        for index in order {
            let event = events[index]
            if let last = current.last,
                last.key != event.key || last.partition != event.partition || event.time - last.time > gap
            {
                close()
            }
            current.append(event)
        }
        close()
        self.sessions = sessions
    }
}
