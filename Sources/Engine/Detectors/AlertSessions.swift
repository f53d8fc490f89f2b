import Base
import HeapModule
import Models
import Plan
import State

/// When the session in a slot ends at the earliest.
private struct SessionEnd: Comparable {
    var time: Int64
    var slot: Int

    static func < (left: SessionEnd, right: SessionEnd) -> Bool {
        left.time != right.time ? left.time < right.time : left.slot < right.slot
    }
}

/// An alert in memory.
private final class HeldAlert {
    var alert: AlertUpdate
    /// Used since the last look for alerts to spill.
    var isWarm = true

    init(_ alert: AlertUpdate) {
        self.alert = alert
    }
}

/// The open alerts of one detector: at most one per entity and session.
///
/// An alert opens at the first event that crosses, is revised by every later event of its session, and ends when the
/// clock has passed its last event by the session's gap (C8). Of one that was spilled, its key and its last event's
/// time are in memory, and the rest is in the last checkpoint.
struct AlertSessions: ~Copyable {
    let gap: Int64
    private var table = TextTable()
    /// By slot; nil where there is no alert or it is in the last checkpoint only.
    private var held: [HeldAlert?] = []
    /// By slot: when the alert's last event was; `.min` where there is no alert.
    private var lastTimes = GrowingArray<Int64>()
    /// When sessions end at the earliest, as of when they were last looked at: revisions only move the end on.
    private var ends = Heap<SessionEnd>()
    private var changes = ChangeMarks()
    let stateTable: StateTable
    private var heldCount = 0
    private var spillPosition = 0
    /// Where alerts are that are not in memory; nil while all are.
    private var cold: ColdAlerts?

    /// Bytes of an alert in memory with its texts, features and reasons, about.
    private let bytesHeld: Int

    private var label: DetectorLabel
    /// The plan's feature of each column of a value.
    private(set) var order: [Int]

    init(_ label: DetectorLabel, gap: Int64, table: StateTable, features: Int, reasons: Int) {
        self.label = label
        order = Array(0..<features)
        self.gap = gap
        // An identifier of 24 characters, a list of features, a list of reasons; each with the head of its memory.
        bytesHeld =
            MemoryLayout<AlertUpdate>.stride + 32 + 64 + 48 + features * MemoryLayout<Double>.stride
            + reasons * MemoryLayout<Reason>.stride + (reasons > 0 ? 48 : 0)
        stateTable = table
    }

    /// Those of the same detector, none of them open, in a table with the plan's features in an order; nil = as they
    /// are.
    init(like other: borrowing AlertSessions, in table: StateTable? = nil, order: [Int]? = nil) {
        label = other.label
        self.order = order ?? other.order
        gap = other.gap
        bytesHeld = other.bytesHeld
        stateTable = table ?? other.stateTable
    }

    /// The slot of the open alert whose session the event of that time belongs to; its alert is in memory then.
    mutating func current(_ key: Text, time: Int64) -> Int? {
        guard let slot = table.slot(of: key), time <= lastTimes[slot] + gap, let alert = fetch(slot) else { return nil }
        return time >= alert.firstTime - gap ? slot : nil
    }

    /// The alert in a slot, if it is in memory.
    subscript(slot: Int) -> AlertUpdate? {
        get { held[slot]?.alert }
        set {
            guard let newValue, let alert = held[slot] else {
                preconditionFailure("An alert is changed while it is open and in memory.")
            }
            if changes.willChange(slot) { copy(slot) }
            alert.alert = newValue
            alert.isWarm = true
            lastTimes[slot] = newValue.lastTime
        }
    }

    /// Takes a slot for a new alert of the key; the alert that was open there, if any, is returned: it has ended.
    mutating func open(_ alert: AlertUpdate, key: Text) -> (slot: Int, ended: AlertUpdate?) {
        let (slot, isNew) = table.insert(key)
        let ended = isNew ? nil : fetch(slot)
        if changes.willChange(slot) { copy(slot) }
        put(alert, in: slot)
        return (slot, ended)
    }

    private mutating func put(_ alert: AlertUpdate, in slot: Int) {
        addSlot(slot)
        if held[slot] == nil { heldCount += 1 }
        held[slot] = HeldAlert(alert)
        lastTimes[slot] = alert.lastTime
        ends.insert(SessionEnd(time: alert.lastTime + gap, slot: slot))
    }

    private mutating func addSlot(_ slot: Int) {
        precondition(slot <= held.count && held.count == lastTimes.count, "A table hands out its slots in their order.")
        guard slot == held.count else { return }
        held.append(nil)
        lastTimes.append(.min)
    }

    /// Closes the alerts whose sessions the clock has passed.
    mutating func endSessions(clock: Int64, _ body: (AlertUpdate) -> Void) {
        while let next = ends.min, next.time < clock {
            ends.removeMin()
            // The slot may be free again.
            guard lastTimes[next.slot] != .min else { continue }
            guard lastTimes[next.slot] + gap < clock else {
                ends.insert(SessionEnd(time: lastTimes[next.slot] + gap, slot: next.slot))
                continue
            }
            let alert = fetch(next.slot)
            precondition(!table.key(of: next.slot).isAbsent, "A session that ends was open.")
            if changes.willFree(next.slot) { copy(next.slot) }
            forget(next.slot)
            lastTimes[next.slot] = .min
            table.remove(slot: next.slot)
            if let alert { body(alert) }
        }
    }

    private mutating func forget(_ slot: Int) {
        if held[slot] != nil { heldCount -= 1 }
        precondition(heldCount >= 0, "An alert is given up once.")
        held[slot] = nil
    }

    // MARK: - Succession

    /// Ends all alerts: their detector is no longer in force.
    mutating func endAll(_ body: (AlertUpdate) -> Void) {
        for slot in 0..<held.count where lastTimes[slot] != .min { if let alert = fetch(slot) { body(alert) } }
    }

    /// Takes over the open alerts of the same detector in a set before this one; there must be none here.
    ///
    /// - Parameters:
    ///   - other: Whose alerts they are; not to be used any more.
    ///   - features: What became of the features.
    /// - Complexity: O(open alerts), each read from the checkpoint if alerts list other features now.
    mutating func take(from other: inout AlertSessions, _ features: FeatureSuccession) {
        precondition(count == 0 && gap == other.gap, "One detector has one list of open alerts.")
        guard features.areTheSame else {
            for slot in 0..<other.held.count where other.lastTimes[slot] != .min {
                guard let alert = other.fetch(slot) else { continue }
                _ = open(features.carried(alert, to: label), key: other.table.key(of: slot))
            }
            cold = other.cold?.failed
            return
        }
        let (label, order) = (label, other.order.map { features.own($0) })
        swap(&self, &other)
        self.label = label
        self.order = order.compactMap { $0 }
        precondition(self.order.count == order.count, "Each feature of before is one of now.")
        cold = cold.map { ColdAlerts(label, self.order, table: stateTable, state: $0.state) }
        for case let held? in held { held.alert = features.carried(held.alert, to: label) }
    }

    // MARK: - Memory

    /// Open alerts.
    var count: Int { table.count }

    /// Bytes of memory that ``spill(limit:)`` makes less, about.
    var heldBytes: Int { heldCount * bytesHeld }

    /// Bytes of memory that the open alerts take, about.
    var byteCount: Int {
        heldBytes + held.count * MemoryLayout<HeldAlert?>.stride + lastTimes.byteCount
            + ends.count * MemoryLayout<SessionEnd>.stride + table.byteCount + changes.byteCount
    }

    /// From now on alerts that are not in memory are looked for in the last checkpoint.
    mutating func useCold(_ state: any ColdState) {
        if cold == nil { cold = ColdAlerts(label, order, table: stateTable, state: state) }
    }

    /// What kept an alert from being read; nil if nothing did.
    var coldFailure: ColdError? { cold?.failure }

    /// Gives up alerts until those in memory take at most `limit` bytes: those that were not used since the hand of the
    /// clock went by, and that the last checkpoint holds as they are. No image may be being filled.
    mutating func spill(limit: Int) {
        guard heldBytes > limit else { return }
        precondition(changes.image == nil, "Alerts that an image needs are not given up.")
        var looks = held.count * 2
        while heldBytes > limit, looks > 0 {
            looks -= 1
            if spillPosition >= held.count { spillPosition = 0 }
            let slot = spillPosition
            spillPosition += 1
            guard let alert = held[slot], !changes.isChanged(slot) else { continue }
            if alert.isWarm { alert.isWarm = false } else { forget(slot) }
        }
    }

    /// The alert in a slot, brought back if it was spilled; nil if it cannot be.
    private mutating func fetch(_ slot: Int) -> AlertUpdate? {
        if let found = held[slot] { return found.alert }
        guard let alert = cold?.find(table.key(of: slot)) else { return nil }
        held[slot] = HeldAlert(alert)
        heldCount += 1
        return alert
    }

    // MARK: - Checkpoints

    /// Bytes of an image of the alerts that have changed since the last one, about.
    var changedBytes: Int { changes.changedCount * (StateImage.recordBytes + bytesHeld) }

    /// Begins to fill an image with the alerts that have changed since the last one was begun; with all that are in
    /// memory if `all`. The last one must be whole.
    mutating func beginImage(_ image: StateImage, all: Bool) {
        if all {
            for slot in held.indices where held[slot] != nil { _ = changes.willChange(slot) }
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
        guard let image = changes.image, let alert = held[slot]?.alert else {
            preconditionFailure("Only an image that is being filled has alerts to be copied.")
        }
        alert.encoded(order).withUnsafeBytes {
            image.add(stateTable, table.key(of: slot), time: alert.lastTime, value: $0)
        }
    }

    /// Whether an alert of the key is open.
    func holds(_ key: Text) -> Bool { table.slot(of: key) != nil }

    /// Takes an alert from a checkpoint, of a key that has none yet; into memory only if `inMemory`. False if the bytes
    /// are no alert.
    mutating func load(_ key: Text, _ value: UnsafeRawBufferPointer, inMemory: Bool) -> Bool {
        guard let alert = AlertUpdate(encoded: value, of: label, order) else { return false }
        let (slot, isNew) = table.insert(key)
        precondition(isNew, "A key has one open alert.")
        put(alert, in: slot)
        if !inMemory { forget(slot) }
        return true
    }
}

/// Alerts that the last checkpoint holds.
private struct ColdAlerts {
    let label: DetectorLabel
    let order: [Int]
    let table: StateTable
    let state: any ColdState
    /// The first read that failed. The events since then may have opened an alert that was open already.
    private(set) var failure: ColdError?
    private var scratch: [UInt8] = []

    init(_ label: DetectorLabel, _ order: [Int], table: StateTable, state: any ColdState) {
        (self.label, self.order, self.table, self.state) = (label, order, table, state)
    }

    /// The same, if a read has failed: what was to be taken over is not whole.
    var failed: ColdAlerts? { failure == nil ? nil : self }

    mutating func find(_ key: Text) -> AlertUpdate? {
        do {
            if try state.find(table, key, into: &scratch) != nil,
                let alert = scratch.withUnsafeBytes({ AlertUpdate(encoded: $0, of: label, order) })
            {
                return alert
            }
            failure = failure ?? .unfit("an open alert is missing")
        } catch {
            failure = failure ?? .unread(error)
        }
        return nil
    }
}
