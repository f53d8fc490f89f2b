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
    private var changes = ChangeMarks()
    private let stateTable: StateTable

    init(gap: Int64, table: StateTable) {
        self.gap = gap
        stateTable = table
    }

    /// The open alert whose session the event of that time belongs to, and its slot.
    func current(_ key: Text, time: Int64) -> Int? {
        guard let slot = table.slot(of: key), let alert = open[slot] else { return nil }
        return time <= alert.lastTime + gap && time >= alert.firstTime - gap ? slot : nil
    }

    subscript(slot: Int) -> AlertUpdate? {
        get { open[slot] }
        set {
            if changes.willChange(slot) { copy(slot) }
            open[slot] = newValue
        }
    }

    /// Takes a slot for a new alert of the key; the alert that was open there, if any, is returned: it has ended.
    mutating func open(_ alert: AlertUpdate, key: Text) -> (slot: Int, ended: AlertUpdate?) {
        let (slot, _) = table.insert(key)
        if slot == open.count { open.append(nil) }
        if changes.willChange(slot) { copy(slot) }
        let ended = open[slot]
        open[slot] = alert
        ends.insert(SessionEnd(time: alert.lastTime + gap, slot: slot))
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
            if changes.willFree(next.slot) { copy(next.slot) }
            open[next.slot] = nil
            table.remove(slot: next.slot)
            body(alert)
        }
    }

    // MARK: - Checkpoints

    /// Open alerts.
    var count: Int { table.count }

    /// Begins to fill an image with the alerts that have changed since the last one was begun; with all if `all`. The last one
    /// must be whole.
    mutating func beginImage(_ image: StateImage, all: Bool) {
        if all {
            for slot in open.indices where open[slot] != nil { _ = changes.willChange(slot) }
        }
        changes.begin(image)
    }

    /// Copies on, until the image has about `limit` bytes. True once it has every alert.
    mutating func fillImage(upTo limit: Int) -> Bool {
        while let slot = changes.next(upTo: limit) { copy(slot) }
        return changes.image == nil
    }

    /// Copies an alert into the image that is being filled.
    private func copy(_ slot: Int) {
        guard let image = changes.image, let alert = open[slot] else {
            preconditionFailure("Only an image that is being filled has alerts to be copied.")
        }
        alert.encoded().withUnsafeBytes {
            image.add(stateTable, table.key(of: slot), time: alert.lastTime, value: $0)
        }
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
