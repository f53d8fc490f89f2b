import Base
import Plan

/// The open alerts of one detector: at most one per entity and session.
///
/// An alert opens at the first event that crosses, is revised by every later event of its session, and ends when the
/// clock has passed its last event by the session's gap (C8).
struct AlertSessions: ~Copyable {
    private let gap: Int64
    private var table = TextTable()
    private var open: [AlertUpdate?] = []

    init(gap: Int64) {
        self.gap = gap
    }

    /// The open alert whose session the event of that time belongs to, and its slot.
    func current(_ key: Text, time: Int64) -> Int? {
        guard let slot = table.slot(of: key), let alert = open[slot] else { return nil }
        return time <= alert.lastTime + gap && time >= alert.firstTime - gap ? slot : nil
    }

    subscript(slot: Int) -> AlertUpdate? {
        get { open[slot] }
        set { open[slot] = newValue }
    }

    /// Takes a slot for a new alert of the key; the alert that was open there, if any, is returned: it has ended.
    mutating func open(_ alert: AlertUpdate, key: Text) -> (slot: Int, ended: AlertUpdate?) {
        let (slot, _) = table.insert(key)
        if slot == open.count { open.append(nil) }
        let ended = open[slot]
        open[slot] = alert
        return (slot, ended)
    }

    /// Closes the alerts whose sessions the clock has passed.
    mutating func endSessions(clock: Int64, _ body: (AlertUpdate) -> Void) {
        for slot in open.indices {
            guard let alert = open[slot], alert.lastTime + gap < clock else { continue }
            open[slot] = nil
            table.remove(slot: slot)
            body(alert)
        }
    }
}
