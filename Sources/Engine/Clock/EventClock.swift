public import Plan
import Windows

/// Says which events are too far ahead of all others to be believed, before they are in the log (C5).
///
/// The time of a stream is the newest one that its events bear, and what is older than that by more than the allowed
/// disorder is late: one source with a wrong clock could silence all others. So a time that is more than `max_ahead`
/// above the newest one is not believed on one source's word, and neither are the first events of a stream. They are
/// held back, and so is whatever comes behind them, until sources have spoken:
///
/// - Times that are no further apart than `max_ahead` are one cluster; the newest time is the present. Each different
///   key speaks for the time of its last event. Where a pipeline has several entities, the one with the fewest keys
///   counts: ten payers at one terminal are one source.
/// - A cluster is believed when ``quorum`` sources more speak for it than have spoken, since its first event, for the
///   present or a cluster below it; and so are those below it that time can have gone through before. The others below
///   are rejected.
/// - A cluster is rejected when ``quorum`` sources more than speak for it have spoken for the present since its first
///   event. Who spoke before that says nothing against it: a gap can have come.
/// - ``patience`` events after its first, and where the recording ends, the one with the most sources is believed: of
///   equal ones the present, then the earliest. A cluster must then have ``quorum`` sources, or all that were ever
///   heard if those are fewer. Where nothing was believed yet, all that a source has ever said counts, and of equal
///   ones that of the most events.
/// - Who has spoken for a time that was not believed where a recording ended is remembered, and counts for the next
///   one.
///
/// So no event of a right clock is late or rejected because of wrong ones, however many these are, as long as fewer
/// than ``quorum`` of them agree on a wrong time, and at least ``quorum`` right sources speak at the beginning and
/// behind each gap, before the next one and before ``patience`` events have come; and gaps of any length cost nothing.
/// A time is wrong here if it is further than `max_ahead` from what is right until it is decided: of what is ahead by
/// less, ``Leaps`` decide; what a server is sent for its own time, ``Neighbours``. Nothing waits for ever.
///
/// The decision is part of the log: what is refused bears a header there, so that the log alone gives the same results
/// (C2). It depends on the order of the events only, not on how they are cut into batches.
public struct EventClock {
    /// By how many sources a time must lead to be believed at once.
    static let quorum = 3
    /// Events that are held back at most.
    static let patience = 2048

    /// As of the last event that was taken.
    public private(set) var state: ClockState
    private let limit: Int64?
    private let disorder: Int64
    private let tolerance: Int64
    /// Whom a server has heard.
    private var neighbours: Neighbours
    private let keys: EntityKeys
    private var areKeysKnown = false
    /// Whether nothing more is to be learnt of how many sources there are.
    private var isWellHeard: Bool

    /// An event that is held back.
    private struct Undecided {
        var batch: Int
        var row: Int
        var time: Int64
        /// Counted as ``ClockState/waited`` is.
        var number: Int
        /// Whether it is one of ``Leaps``, not far ahead.
        var isLeap: Bool
    }

    /// An event that is refused, and the time that it was compared with.
    public struct Refused: Equatable, Sendable {
        /// The number of its batch, and its row.
        public var batch: Int
        public var row: Int
        public var reference: ColumnBatch.Reference
    }

    private var undecided: [Undecided] = []
    private var refused: [Refused] = []

    /// How far a plan's event may be ahead of the newest one without being held back, microseconds.
    package static func tolerance(of plan: PipelinePlan) -> Int64 { Leaps.tolerance(of: plan.disorder) }

    /// Goes on from a state. Events a batch at most.
    public init(plan: PipelinePlan, state: ClockState, capacity: Int) {
        self.state = state
        tolerance = Self.tolerance(of: plan)
        self.state.leaps.tolerance = tolerance
        neighbours = Neighbours(entities: state.entityCount)
        limit = plan.maximumAhead
        disorder = plan.disorder
        keys = EntityKeys(plan: plan, capacity: capacity)
        isWellHeard = state.isWellHeard
    }

    /// The oldest batch that has an event which is held back; nil if none is.
    public var firstUndecided: Int? { undecided.first?.batch }

    /// Takes the next events. Batches are numbered, ascending, by whoever calls.
    ///
    /// - Complexity: O(events); O(clusters) for each event while some are held back.
    public mutating func take(_ batch: ColumnBatch, number: Int) {
        guard let limit else { return }
        areKeysKnown = false
        state.judged += batch.count
        var row = 0
        while row < batch.count {
            row = ordinary(batch, from: row, limit)
            if row < batch.count, batch.status[row] == 0 { take(batch, row, number: number, limit) }
            row += 1
        }
    }

    /// Takes events up to one that needs a closer look, and returns its row: nearly always there is none.
    private mutating func ordinary(_ batch: ColumnBatch, from first: Int, _ limit: Int64) -> Int {
        guard state.isSettled, isWellHeard, var newest = state.newest else { return first }
        defer { state.newest = newest }
        let most = min(limit, tolerance)
        for row in first..<batch.count where batch.status[row] == 0 {
            let time = batch.times[row]
            if time.distance(above: newest) > most { return row }
            newest = max(newest, time)
        }
        return batch.count
    }

    /// Takes the next events of a server, which cannot hold one back: those too far ahead of its clock are refused, and
    /// those that its clock has come to are believed, whatever their sources; what is ahead by less needs
    /// ``Neighbours``. Of what is older (a recording that somebody sends), the first events behind a gap are refused,
    /// until there are sources enough.
    public mutating func take(_ batch: ColumnBatch, number: Int, now: Int64) {
        guard let limit else { return }
        areKeysKnown = false
        state.judged += batch.count
        state.leaps.tolerance = 0
        for row in 0..<batch.count where batch.status[row] == 0 {
            let time = batch.times[row]
            if time.distance(above: now) > limit || !isNear(time, batch, row, now) {
                let reference = ColumnBatch.Reference(now, isWallClock: true)
                refused.append(Refused(batch: number, row: row, reference: reference))
            } else if now.distance(above: time) <= limit {
                accept(time, batch, row, limit)
            } else {
                takeOlder(batch, row, number: number, limit)
            }
        }
        end()
    }

    /// Whether a server's clock has come to a time, or sources agree that it has not come far enough.
    private mutating func isNear(_ time: Int64, _ batch: ColumnBatch, _ row: Int, _ now: Int64) -> Bool {
        let ahead = time.distance(above: now)
        guard neighbours.isListening || ahead > tolerance else { return true }
        let isBelieved = neighbours.agree(
            ahead,
            row,
            of: computed(batch),
            tolerance: tolerance,
            state.heard,
            isFirst: state.newest == nil
        )
        return isBelieved || time.distance(above: max(now, state.newest ?? now)) <= tolerance
    }

    private mutating func take(_ batch: ColumnBatch, _ row: Int, number: Int, _ limit: Int64) {
        let time = batch.times[row]
        guard let newest = state.newest, time.distance(above: state.top ?? newest) <= limit else {
            return takeOlder(batch, row, number: number, limit)
        }
        let isLeap = time.distance(above: newest) > min(tolerance, limit)
        let isAlone = isLeap && state.leaps.held.isEmpty && isOnlySource(row, batch)
        if !isLeap || isAlone {
            accept(time, batch, row, limit)
            if state.isSettled { return state.forgetPresent() }
        }
        state.waited += 1
        // Whoever is late says nothing of the present.
        let isLate = newest.distance(above: time) > disorder
        if !isLate, !state.clusters.isEmpty { state.addToPresent(voices(of: row, batch)) }
        if isLeap && !isAlone || !state.leaps.held.isEmpty {
            state.leaps.add(row, of: computed(batch), at: state.waited, time: time, isLate: isLate)
        }
        if isLeap, !isAlone {
            state.leaps.hold(time, at: state.waited)
            undecided.append(Undecided(batch: number, row: row, time: time, number: state.waited, isLeap: true))
        }
        decide(time)
    }

    /// Takes an event that is far ahead, or of a server.
    private mutating func takeOlder(_ batch: ColumnBatch, _ row: Int, number: Int, _ limit: Int64) {
        let time = batch.times[row]
        if let newest = state.newest, time.distance(above: newest) <= limit, state.leaps.tolerance == 0 {
            accept(time, batch, row, limit)
            if state.clusters.isEmpty { return state.forgetPresent() }
            state.waited += 1
            if newest.distance(above: time) <= disorder { state.addToPresent(voices(of: row, batch)) }
        } else {
            state.waited += 1
            state.add(time, voices(of: row, batch), limit: limit)
            undecided.append(Undecided(batch: number, row: row, time: time, number: state.waited, isLeap: false))
        }
        decide(time)
    }

    /// Whether nobody else was ever heard, of any entity: who else could say anything.
    private mutating func isOnlySource(_ row: Int, _ batch: ColumnBatch) -> Bool {
        let keys = computed(batch)
        return state.heard.keys.indices.allSatisfy { entity in
            let key = keys.hash(of: row, entity: entity)
            let heard = state.heard.keys[entity]
            return heard.isEmpty ? key == 0 : heard.count == 1 && heard[0] == key
        }
    }

    /// Decides what the word for a time has made clear.
    private mutating func decide(_ time: Int64) {
        var spoken: Int64? = time
        while !state.isSettled {
            if let newest = state.newest,
                let found = state.leaps.decision(on: spoken, waited: state.waited, newest: newest, state.heard)
            {
                apply(found)
            } else if let leader = state.leader {
                believe(leader)
                spoken = nil
            } else if let cluster = state.refuted {
                refuse(cluster)
            } else if let overdue = state.overdue {
                if let cluster = state.likeliest { believe(cluster) } else { refuse(overdue) }
                spoken = nil
            } else {
                break
            }
        }
        state.forgetPresent()
    }

    private mutating func apply(_ decision: Leaps.Decision) {
        let number = state.leaps.held[decision.place].number
        if decision.isBelieved {
            undecided.removeAll { $0.isLeap && $0.number == number }
        } else {
            refuse { $0.isLeap && $0.number == number }
        }
        state.apply(decision)
        isWellHeard = isWellHeard || state.isWellHeard
        if decision.isBelieved, let limit, !state.clusters.isEmpty { comeNear(limit) }
    }

    /// What was far ahead is held as a leap: each event is decided with the one next to it of which the state knows.
    private mutating func open(where isOpen: (Undecided) -> Bool) {
        guard let newest = state.newest else { return }
        let held = state.leaps.held
        for index in undecided.indices where isOpen(undecided[index]) && !undecided[index].isLeap {
            let event = undecided[index]
            undecided[index].isLeap = true
            func distance(_ leap: Leaps.Leap) -> Int64 {
                max(leap.time, event.time).distance(above: min(leap.time, event.time))
            }
            guard !held.contains(where: { $0.number == event.number }) else { continue }
            let next = held.min { distance($0) < distance($1) }
            undecided[index].number = event.time.distance(above: newest) > tolerance ? next?.number ?? -1 : -1
        }
        // Of those no other one is left to say anything.
        undecided.removeAll { $0.isLeap && $0.number < 0 }
    }

    /// What was far ahead is so no longer when the present has come near it.
    private mutating func comeNear(_ limit: Int64) {
        guard let newest = state.newest else { return }
        while let first = state.clusters.first, first.latest.distance(above: newest) <= limit {
            state.clusters.removeFirst()
            guard state.leaps.tolerance > 0 else {
                undecided.removeAll { $0.time <= first.latest }
                continue
            }
            state.open(first)
            open { $0.time <= first.latest }
        }
    }

    /// Takes a time that is not far ahead.
    private mutating func accept(_ time: Int64, _ batch: ColumnBatch, _ row: Int, _ limit: Int64) {
        let newest = max(time, state.newest ?? time)
        state.newest = newest
        if !state.clusters.isEmpty { comeNear(limit) }
        guard !isWellHeard else { return }
        state.heard.add(row, of: computed(batch), limit: Self.quorum)
        isWellHeard = state.isWellHeard
    }

    private mutating func computed(_ batch: ColumnBatch) -> EntityKeys {
        if !areKeysKnown { keys.compute(batch) }
        areKeysKnown = true
        return keys
    }

    private mutating func voices(of row: Int, _ batch: ColumnBatch) -> Voices {
        var voices = Voices(entities: state.entityCount)
        voices.add(row, of: computed(batch))
        return voices
    }

    private mutating func believe(_ cluster: TimeCluster) {
        let wrong = state.believe(cluster)
        isWellHeard = state.isWellHeard
        let isOpen = state.leaps.tolerance > 0
        undecided.removeAll { event in
            guard !event.isLeap, event.time <= cluster.latest else { return false }
            if let found = wrong.first(where: { ($0.wrong.earliest...$0.wrong.latest).contains(event.time) }) {
                refused.append(Refused(batch: event.batch, row: event.row, reference: .init(found.right)))
                return true
            }
            return !isOpen
        }
        if isOpen { open { $0.time <= cluster.latest } }
    }

    private mutating func refuse(_ cluster: TimeCluster) {
        state.clusters.removeAll { $0 == cluster }
        refuse { !$0.isLeap && (cluster.earliest...cluster.latest).contains($0.time) }
    }

    /// Decides what is held back as it stands: nobody else is going to speak. Who has spoken for which time is
    /// remembered.
    public mutating func end() {
        while true {
            if let newest = state.newest, let found = state.leaps.lastDecision(newest: newest) {
                apply(found)
            } else if let cluster = state.likeliest {
                believe(cluster)
            } else {
                break
            }
        }
        refuse { _ in true }
        state.forgetPresent()
        state.forgetFarthest()
    }

    /// Decides what is held back as a clock does that has gone on from this one, while this one stays undecided:
    /// whoever goes on from its state comes to the same decisions.
    ///
    /// - Parameters:
    ///   - other: That has gone on.
    ///   - number: The first batch that only that one has taken.
    public mutating func decide(as other: EventClock, before number: Int) {
        undecided.removeAll()
        refused += other.refused.filter { $0.batch < number }
    }

    private mutating func refuse(where isWrong: (Undecided) -> Bool) {
        let newest = ColumnBatch.Reference(state.newest ?? 0)
        undecided.removeAll { event in
            guard isWrong(event) else { return false }
            refused.append(Refused(batch: event.batch, row: event.row, reference: newest))
            return true
        }
    }

    /// What has been refused since the last call.
    public mutating func takeRefused() -> [Refused] {
        defer { refused.removeAll() }
        return refused
    }
}

extension ClockState {
    /// Whether every entity has so many sources that it does not matter how many more.
    fileprivate var isWellHeard: Bool { heard.keys.allSatisfy { $0.count >= EventClock.quorum } }
}
