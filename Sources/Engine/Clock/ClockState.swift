import Base

/// What an ``EventClock`` knows, without the events that it holds back: enough to go on from this place in a recording as if
/// it had been read from its beginning.
public struct ClockState: Equatable, Sendable {
    /// The newest time that is believed; nil before any is.
    public internal(set) var newest: Int64?
    /// The first sources that were heard, of each entity up to ``EventClock/quorum``.
    var heard: Voices
    /// Events since the first one that is undecided.
    var waited = 0
    /// Who has spoken for the present since then.
    var present: Speakers
    /// Times far ahead that are not decided, ascending.
    var clusters: [TimeCluster] = []

    public init(entities: Int) {
        heard = Voices(entities: entities)
        present = Speakers(heard, at: 0)
    }

    public var entityCount: Int { heard.keys.count }
}

/// Who speaks for a time with the last word of each, who ever has, and when, counted in events: the first and the last.
struct Speakers: Equatable, Sendable {
    var voices: Voices
    var everyone: Voices
    var first: Int
    var last: Int

    init(_ voices: Voices, at event: Int) {
        self.voices = voices
        everyone = voices
        first = event
        last = event
    }

    mutating func add(_ other: Speakers) {
        voices.add(other.voices)
        everyone.add(other.everyone)
        first = min(first, other.first)
        last = max(last, other.last)
    }
}

/// A time far ahead of all others, and who speaks for it.
struct TimeCluster: Equatable, Sendable {
    var earliest: Int64
    var latest: Int64
    var speakers: Speakers

    var voices: Voices { speakers.voices }
}

extension ClockState {
    /// Takes note of a source that speaks for a time that is not believed yet.
    ///
    /// - Complexity: O(clusters)
    mutating func add(_ time: Int64, _ voices: Voices, limit: Int64) {
        for index in clusters.indices { clusters[index].speakers.voices.remove(voices) }
        present.voices.remove(voices)
        var joined = TimeCluster(earliest: time, latest: time, speakers: Speakers(voices, at: waited))
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
                joined.speakers.add(cluster.speakers)
            }
        }
        kept.insert(joined, at: place)
        clusters = kept
    }

    /// Takes note of a source that speaks for the present.
    mutating func addToPresent(_ voices: Voices) {
        for index in clusters.indices { clusters[index].speakers.voices.remove(voices) }
        let speaks = Speakers(voices, at: waited)
        if present.everyone.isEmpty { present = speaks } else { present.add(speaks) }
    }

    /// Believes a cluster: whoever spoke for it speaks for the present now.
    ///
    /// Time can have gone through the clusters below it before, one after the other. Where one of them contradicts a lower one or
    /// the present, because that goes on behind its first event, the one for which more sources ever spoke is believed.
    ///
    /// - Returns: the clusters below that are wrong, and a time that is right and that they are ahead of.
    @discardableResult
    mutating func believe(_ cluster: TimeCluster) -> [(wrong: TimeCluster, right: Int64)] {
        var wrong: [(wrong: TimeCluster, right: Int64)] = []
        var right: [(speakers: Speakers, latest: Int64)] = []
        if let newest, !present.everyone.isEmpty { right.append((present, newest)) }
        for other in clusters where other.latest < cluster.earliest {
            let better = right.first {
                $0.speakers.last > other.speakers.first
                    && $0.speakers.everyone.count >= other.speakers.everyone.count
            }
            if let better {
                wrong.append((other, newest ?? better.latest))
            } else {
                right.append((other.speakers, other.latest))
            }
        }
        newest = max(newest ?? cluster.latest, cluster.latest)
        heard.add(cluster.voices, limit: EventClock.quorum)
        present = cluster.speakers
        clusters.removeAll { $0.latest <= cluster.latest }
        return wrong
    }

    /// Believes the present: what is far ahead is wrong.
    mutating func refuse() {
        clusters.removeAll()
        forgetPresent()
    }

    /// Nothing is undecided: who speaks for the present is of no interest.
    mutating func forgetPresent() {
        if waited > 0 { present = Speakers(Voices(entities: entityCount), at: 0) }
        waited = 0
    }

    /// Decides what is undecided as it stands, as ``EventClock/end()`` does.
    public mutating func end() {
        while !clusters.isEmpty { if let cluster = likeliest { believe(cluster) } else { refuse() } }
        forgetPresent()
    }

    /// With everything decided as it stands.
    public var decided: ClockState {
        var state = self
        state.end()
        return state
    }

    /// A state that knows of a newer event from elsewhere: nobody knows how many sources that had.
    public func moved(to time: Int64?) -> ClockState {
        guard let time, time > newest ?? .min else { return self }
        var state = self
        state.newest = time
        state.heard = Voices(Array(repeating: Array(1...UInt64(EventClock.quorum)), count: entityCount))
        return state
    }

    /// Only one of two states can be gone on from: the one that is further.
    public func merged(with other: ClockState) -> ClockState {
        (newest ?? .min, heard.total) >= (other.newest ?? .min, other.heard.total) ? self : other
    }

    /// The cluster that leads all others and the present by as many sources as a decision needs.
    var leader: TimeCluster? {
        clusters.first { cluster in
            (newest == nil || cluster.voices.lead(over: present.voices) >= EventClock.quorum)
                && clusters.allSatisfy { $0 == cluster || cluster.voices.lead(over: $0.voices) >= EventClock.quorum }
                && cluster.voices.lead(over: Voices(entities: entityCount)) >= EventClock.quorum
        }
    }

    /// Whether the present leads all clusters by that many.
    var presentLeads: Bool {
        newest != nil && clusters.allSatisfy { present.voices.lead(over: $0.voices) >= EventClock.quorum }
    }

    /// The cluster to be believed if nobody else is going to speak; nil if it is the present.
    var likeliest: TimeCluster? {
        // Of equal ones the earliest: a clock that is wrong is more often ahead, and what is late can be seen.
        var best = clusters.first
        for cluster in clusters where cluster.voices.count > best?.voices.count ?? 0 { best = cluster }
        guard let best, newest != nil else { return best }
        // Where no event has a key nobody can speak for anything: what comes is taken.
        let speaks = heard.isEmpty ? present.voices.isEmpty : best.voices.count > present.voices.count
        return speaks && best.voices.isQuorum(of: heard) ? best : nil
    }
}

extension Int64 {
    /// How far this time is above another one; the largest number where that is more than there is.
    func distance(above other: Int64) -> Int64 {
        let (distance, overflow) = subtractingReportingOverflow(other)
        return overflow ? (self > other ? .max : .min) : distance
    }
}
