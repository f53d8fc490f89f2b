public import Plan
import Windows

/// Says which events are too far ahead of all others to be believed, before they are in the log (C5).
///
/// The time of a stream is the newest one that its events bear, and what is older than that by more than the allowed disorder
/// is late: one source with a wrong clock could silence all others. So a time that is more than `max_ahead` above the newest
/// one is not believed on one source's word, and neither are the first events of a stream. They are held back, and so is
/// whatever comes behind them, until sources have spoken:
///
/// - Times that are no further apart than `max_ahead` are one cluster; the newest time is the present. Each different key
///   speaks for the time of its last event. Where a pipeline has several entities, the one with the fewest keys counts: ten
///   payers at one terminal are one source.
/// - A cluster is believed when ``quorum`` sources more speak for it than have spoken, since its first event, for the present or
///   a cluster below it; and so are those below it that time can have gone through before. The others below are rejected.
/// - A cluster is rejected when ``quorum`` sources more than speak for it have spoken for the present since its first event.
///   Who spoke before that says nothing against it: a gap can have come.
/// - ``patience`` events after its first, and where the recording ends, the one with the most sources is believed: of equal
///   ones the present, then the earliest. A cluster must then have ``quorum`` sources, or all that were ever heard if those
///   are fewer.
///
/// So no event of a right clock is late or rejected because of wrong ones, however many these are, as long as fewer than
/// ``quorum`` of them agree on a wrong time, and at least ``quorum`` right sources speak at the beginning and behind each gap,
/// before the next one and before ``patience`` events have come; and gaps of any length cost nothing. A time is wrong here if
/// it is further than `max_ahead` from what is right until it is decided: a smaller fault cannot be told. Nothing waits for
/// ever.
///
/// The decision is part of the log: what is refused bears a header there, so that the log alone gives the same results (C2). It
/// depends on the order of the events only, not on how they are cut into batches.
public struct EventClock {
    /// By how many sources a time must lead to be believed at once.
    static let quorum = 3
    /// Events that are held back at most.
    static let patience = 2048

    /// As of the last event that was taken.
    public private(set) var state: ClockState
    private let limit: Int64?
    private let disorder: Int64
    private let keys: EntityKeys
    private var areKeysKnown = false
    /// Whether nothing more is to be learnt of how many sources there are.
    private var isWellHeard: Bool

    /// An event that is held back.
    private struct Undecided {
        var batch: Int
        var row: Int
        var time: Int64
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

    /// Goes on from a state. Events a batch at most.
    public init(plan: PipelinePlan, state: ClockState, capacity: Int) {
        self.state = state
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
        for row in ordinary(batch, limit)..<batch.count where batch.status[row] == 0 {
            take(batch, row, number: number, limit)
        }
    }

    /// Takes events up to one that needs a closer look, and returns its row: nearly always there is none.
    private mutating func ordinary(_ batch: ColumnBatch, _ limit: Int64) -> Int {
        guard state.clusters.isEmpty, isWellHeard, var newest = state.newest else { return 0 }
        defer { state.newest = newest }
        for row in 0..<batch.count where batch.status[row] == 0 {
            let time = batch.times[row]
            if time.distance(above: newest) > limit { return row }
            newest = max(newest, time)
        }
        return batch.count
    }

    /// Takes the next events of a server, which cannot hold one back: those too far ahead of its clock are refused, and those
    /// near it are believed, whatever their sources. Of what is older (a recording that somebody sends), the first events
    /// behind a gap are refused, until there are sources enough.
    public mutating func take(_ batch: ColumnBatch, number: Int, now: Int64) {
        guard let limit else { return }
        areKeysKnown = false
        for row in 0..<batch.count where batch.status[row] == 0 {
            let time = batch.times[row]
            if time.distance(above: now) > limit {
                let reference = ColumnBatch.Reference(now, isWallClock: true)
                refused.append(Refused(batch: number, row: row, reference: reference))
            } else if now.distance(above: time) <= limit {
                accept(time, batch, row, limit)
            } else {
                take(batch, row, number: number, limit)
            }
        }
        settle()
    }

    private mutating func take(_ batch: ColumnBatch, _ row: Int, number: Int, _ limit: Int64) {
        let time = batch.times[row]
        if let newest = state.newest, time.distance(above: newest) <= limit {
            accept(time, batch, row, limit)
            if state.clusters.isEmpty { return state.forgetPresent() }
            state.waited += 1
            // Whoever is late says nothing of the present.
            if newest.distance(above: time) <= disorder { state.addToPresent(voices(of: row, batch)) }
        } else {
            state.waited += 1
            state.add(time, voices(of: row, batch), limit: limit)
            undecided.append(Undecided(batch: number, row: row, time: time))
        }
        while true {
            if let leader = state.leader {
                believe(leader)
            } else if let cluster = state.refuted {
                refuse(cluster)
            } else if let overdue = state.overdue {
                if let cluster = state.likeliest { believe(cluster) } else { refuse(overdue) }
            } else {
                break
            }
        }
        if state.clusters.isEmpty { state.forgetPresent() }
    }

    /// Takes a time that is not far ahead.
    private mutating func accept(_ time: Int64, _ batch: ColumnBatch, _ row: Int, _ limit: Int64) {
        let newest = max(time, state.newest ?? time)
        state.newest = newest
        // What was ahead is so no longer when the present has come near it.
        while let first = state.clusters.first, first.latest.distance(above: newest) <= limit {
            state.clusters.removeFirst()
            undecided.removeAll { $0.time <= first.latest }
        }
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
        undecided.removeAll { event in
            guard event.time <= cluster.latest else { return false }
            if let found = wrong.first(where: { ($0.wrong.earliest...$0.wrong.latest).contains(event.time) }) {
                refused.append(Refused(batch: event.batch, row: event.row, reference: .init(found.right)))
            }
            return true
        }
    }

    private mutating func refuse(_ cluster: TimeCluster) {
        state.clusters.removeAll { $0 == cluster }
        refuse { (cluster.earliest...cluster.latest).contains($0.time) }
    }

    private mutating func refuse() {
        refuse { _ in true }
        state.refuse()
    }

    /// Decides what is held back as it stands: nobody else is going to speak.
    public mutating func end() {
        while !state.clusters.isEmpty {
            if let cluster = state.likeliest { believe(cluster) } else { refuse() }
        }
        state.forgetPresent()
    }

    /// Decides of each event that is held back; who has spoken for which time is remembered.
    private mutating func settle() {
        while let cluster = state.likeliest { believe(cluster) }
        refuse { _ in true }
        if state.clusters.isEmpty { state.forgetPresent() }
        // What is remembered is bounded: the earliest times are the likeliest.
        if state.clusters.count > Self.quorum * 16 {
            state.clusters.removeLast(state.clusters.count - Self.quorum * 16)
        }
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
