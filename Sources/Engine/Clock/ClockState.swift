import Base

/// What an ``EventClock`` knows, without the events that it holds back: enough to go on from this place in a recording
/// as if it had been read from its beginning.
public struct ClockState: Equatable, Sendable {
    /// The newest time that is believed; nil before any is.
    public internal(set) var newest: Int64?
    /// The first sources that were heard, of each entity up to ``EventClock/quorum``.
    var heard: Voices
    /// Events since something is undecided.
    var waited = 0
    /// Who has spoken for the present since then.
    var present: Speakers
    /// Times far ahead that are not decided, ascending.
    var clusters: [TimeCluster] = []
    /// Times ahead by less that are not decided.
    var leaps: Leaps
    /// Events that have been judged since the first one, of all recordings: of two states the larger one is the later
    /// one.
    var judged = 0

    /// The clock of a partition that has had no event.
    public init(entities: Int) {
        leaps = Leaps(entities: entities)
        heard = Voices(entities: entities)
        present = Speakers(entities: entities)
    }

    public var entityCount: Int { heard.keys.count }
}

/// A time far ahead of all others, and who speaks for it.
struct TimeCluster: Equatable, Sendable {
    var earliest: Int64
    var latest: Int64
    /// The event that spoke for it first, counted as ``ClockState/waited`` is.
    var first: Int
    /// How many events have.
    var events = 1
    var speakers: Speakers
}

extension ClockState {
    /// Takes note of a source that speaks for a time that is not believed yet.
    ///
    /// - Complexity: O(clusters)
    mutating func add(_ time: Int64, _ voices: Voices, limit: Int64) {
        for index in clusters.indices { clusters[index].speakers.withdraw(voices) }
        present.withdraw(voices)
        var joined = TimeCluster(earliest: time, latest: time, first: waited, speakers: Speakers(entities: entityCount))
        joined.speakers.add(voices, at: waited, time: time)
        // Times that are no further apart than the limit belong together, and a time between two joins them.
        var kept: [TimeCluster] = []
        var place = 0
        for cluster in clusters {
            if joined.earliest.distance(above: cluster.latest) > limit {
                place = kept.count + 1
                kept.append(cluster)
            } else if cluster.earliest.distance(above: joined.latest) > limit {
                kept.append(cluster)
            } else {
                joined.earliest = min(joined.earliest, cluster.earliest)
                joined.latest = max(joined.latest, cluster.latest)
                joined.first = min(joined.first, cluster.first)
                joined.events += cluster.events
                joined.speakers.add(cluster.speakers)
            }
        }
        kept.insert(joined, at: place)
        clusters = kept
    }

    /// Takes note of a source that speaks for the present.
    mutating func addToPresent(_ voices: Voices) {
        for index in clusters.indices { clusters[index].speakers.withdraw(voices) }
        present.add(voices, at: waited)
    }

    /// Believes a cluster: whoever spoke for it speaks for the present now.
    ///
    /// Time can have gone through the clusters below it before, one after the other, unless the present or a lower one
    /// goes on behind the first event of one: then that is wrong, but for one that has sources enough for a jump, and
    /// more than contradict it.
    ///
    /// Of a recording's, only its earliest time is believed at once: how far above that the newest one is, ``Leaps``
    /// decide.
    ///
    /// - Returns: the clusters below that are wrong, and a time that is right and that they are ahead of.
    @discardableResult
    mutating func believe(_ cluster: TimeCluster) -> [(wrong: TimeCluster, right: Int64)] {
        var wrong: [(wrong: TimeCluster, right: Int64)] = []
        var right: [(speakers: Speakers, latest: Int64)] = []
        if let newest { right.append((present, newest)) }
        for other in clusters where other.latest < cluster.earliest {
            let isQuorum = other.speakers.isQuorum(of: heard, everyone: true)
            let count = other.speakers.count(everyone: true)
            let better = right.first {
                $0.speakers.last > other.first
                    && !(isQuorum && count > $0.speakers.count(since: other.first, everyone: true))
            }
            if let better {
                wrong.append((other, newest ?? better.latest))
            } else {
                right.append((other.speakers, other.latest))
            }
        }
        heard.add(cluster.speakers.standing, limit: EventClock.quorum)
        let isOpen = leaps.tolerance > 0 && !heard.isEmpty
        let time = isOpen ? cluster.earliest : cluster.latest
        newest = max(newest ?? time, time)
        if isOpen { open(cluster) }
        present = cluster.speakers
        clusters.removeAll { $0.latest <= cluster.latest }
        return wrong
    }

    /// Nothing is undecided: who speaks for the present is of no interest.
    mutating func forgetPresent() {
        if clusters.isEmpty, waited > 0 { present.clear() }
        if isSettled { waited = 0 }
    }

    /// What is remembered is bounded: the earliest times are the likeliest.
    mutating func forgetFarthest() {
        let excess = clusters.count - EventClock.quorum * 16
        if excess > 0 { clusters.removeLast(excess) }
    }

    /// Whether it is of a later event than another one, of whatever recording.
    public func isLater(than other: ClockState) -> Bool {
        (judged, newest ?? .min, heard.total) > (other.judged, other.newest ?? .min, other.heard.total)
    }

    /// A state that knows of a newer event from elsewhere: nobody knows how many sources that had. What is undecided
    /// here, and was accepted by what came behind it, is not from elsewhere.
    public func moved(to time: Int64?) -> ClockState {
        guard let time, time > newest ?? .min else { return self }
        let isOwn =
            clusters.contains { ($0.earliest...$0.latest).contains(time) } || leaps.held.contains { $0.time == time }
        guard !isOwn else { return self }
        var state = self
        state.newest = time
        state.heard = Voices(Array(repeating: Array(1...UInt64(EventClock.quorum)), count: entityCount))
        return state
    }

    /// The earliest cluster that as many sources as a decision needs speak for, and that leads by as many whatever lies
    /// below it and goes on behind its first event. What lies above it can come behind it.
    var leader: TimeCluster? {
        clusters.first { cluster in
            func leads(_ other: Speakers) -> Bool {
                cluster.speakers.lead(over: other, since: cluster.first) >= EventClock.quorum
            }
            return leads(Speakers(entities: entityCount)) && (newest == nil || leads(present))
                && clusters.lazy.prefix { $0.latest < cluster.earliest }.allSatisfy { leads($0.speakers) }
        }
    }

    /// A cluster that the present leads by as many sources that have spoken for it since.
    var refuted: TimeCluster? {
        guard newest != nil else { return nil }
        return clusters.first { present.lead(since: $0.first, over: $0.speakers) >= EventClock.quorum }
    }

    /// The cluster that has waited for too long.
    var overdue: TimeCluster? { clusters.first { waited - $0.first + 1 >= EventClock.patience } }

    /// The cluster to be believed if nobody else is going to speak; nil if it is the present.
    var likeliest: TimeCluster? {
        guard newest != nil else { return likeliestBeginning }
        // Of equal ones the earliest: a clock that is wrong is more often ahead, and what is late can be seen.
        var best: (cluster: TimeCluster, count: Int)?
        for cluster in clusters where isLikely(cluster) {
            let count = cluster.speakers.count()
            if count > best?.count ?? -1 { best = (cluster, count) }
        }
        return best?.cluster
    }

    /// The same before anything was believed: the one that most sources have ever said; of equal ones that of the most
    /// events, as of one account's statement or of two accounts', then the earliest.
    private var likeliestBeginning: TimeCluster? {
        func votes(_ cluster: TimeCluster) -> (Int, Int) { (cluster.speakers.count(everyone: true), cluster.events) }
        return clusters.dropFirst().reduce(clusters.first) { best, cluster in
            best.map { votes(cluster) > votes($0) ? cluster : $0 }
        }
    }

    /// Whether a cluster has sources enough for a jump, and more than the present.
    private func isLikely(_ cluster: TimeCluster) -> Bool {
        // Where no event has a key nobody can speak for anything: what comes is taken.
        if heard.isEmpty { return present.count() == 0 }
        let count = cluster.speakers.count()
        // Of so few that they are no quorum, who spoke before counts, too.
        let against = present.count(since: count < EventClock.quorum ? 0 : cluster.first)
        return count > against && cluster.speakers.isQuorum(of: heard)
    }
}

extension Int64 {
    /// How far this time is above another one; the largest number where that is more than there is.
    package func distance(above other: Int64) -> Int64 {
        let (distance, overflow) = subtractingReportingOverflow(other)
        return overflow ? (self > other ? .max : .min) : distance
    }
}
