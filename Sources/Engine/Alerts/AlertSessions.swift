import Base
import HeapModule
import Plan
import StateStore

/// When the session in a slot ends at the earliest.
private struct SessionEnd: Comparable {
    var time: Int64
    var slot: Int

    static func < (left: SessionEnd, right: SessionEnd) -> Bool {
        left.time != right.time ? left.time < right.time : left.slot < right.slot
    }
}

/// The open alerts of one detector: at most one per entity and session.
///
/// An alert opens at the first event that crosses, is revised by every later event of its session, and ends when the
/// clock has passed its last event by the session's gap (C8).
struct AlertSessions: ~Copyable {
    let gap: Int64
    private var table = TextTable()
    private var open: [AlertUpdate?] = []
    /// When sessions end at the earliest, as of when they were last looked at: revisions only move the end on.
    private var ends = Heap<SessionEnd>()
    /// Slots whose alerts have changed since the last checkpoint.
    private var dirty: Set<Int> = []

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
        set {
            open[slot] = newValue
            dirty.insert(slot)
        }
    }

    /// Takes a slot for a new alert of the key; the alert that was open there, if any, is returned: it has ended.
    mutating func open(_ alert: AlertUpdate, key: Text) -> (slot: Int, ended: AlertUpdate?) {
        let (slot, _) = table.insert(key)
        if slot == open.count { open.append(nil) }
        let ended = open[slot]
        open[slot] = alert
        ends.insert(SessionEnd(time: alert.lastTime + gap, slot: slot))
        dirty.insert(slot)
        return (slot, ended)
    }

    /// Closes the alerts whose sessions the clock has passed.
    mutating func endSessions(clock: Int64, _ body: (AlertUpdate) -> Void) {
        while let next = ends.min, next.time < clock {
            ends.removeMin()
            // The slot may be free again.
            guard let alert = open[next.slot] else { continue }
            guard alert.lastTime + gap < clock else {
                ends.insert(SessionEnd(time: alert.lastTime + gap, slot: next.slot))
                continue
            }
            open[next.slot] = nil
            dirty.remove(next.slot)
            table.remove(slot: next.slot)
            body(alert)
        }
    }

    // MARK: - Checkpoints

    /// Open alerts.
    var count: Int { table.count }

    /// Copies the alerts that have changed since the last call; all with `all`.
    mutating func writeChanges(to image: StateImage, table number: StateTable, all: Bool) {
        for slot in all ? Array(open.indices) : dirty.sorted() {
            guard let alert = open[slot] else { continue }
            let bytes = alert.encoded()
            bytes.withUnsafeBytes { image.add(number, table.key(of: slot), time: alert.lastTime, value: $0) }
        }
        dirty.removeAll(keepingCapacity: true)
    }

    /// Takes an alert from a checkpoint, unless a newer one of its key is there.
    mutating func load(_ key: Text, _ value: UnsafeRawBufferPointer) -> Bool {
        guard table.slot(of: key) == nil else { return true }
        guard let alert = AlertUpdate(encoded: value) else { return false }
        let (slot, _) = table.insert(key)
        if slot == open.count { open.append(nil) }
        open[slot] = alert
        ends.insert(SessionEnd(time: alert.lastTime + gap, slot: slot))
        return true
    }
}
