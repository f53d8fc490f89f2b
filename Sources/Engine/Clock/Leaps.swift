import Base
import Windows

/// Times above the newest one by more than the allowed disorder, but not by more than `max_ahead`: a gap in the stream,
/// or a clock that is fast by minutes or hours. The event is held until sources have spoken, for ``patience`` events at
/// most.
///
/// - Against a leap are the sources that have said an earlier time behind it, by more than the disorder, and were not
///   late: they would be late if it were believed. What was said before says nothing: a gap can have come. Keys are
///   counted as elsewhere: of several entities the one with the fewest counts.
/// - A leap is believed at once if nobody is against it and ``EventClock/quorum`` sources say its time, but for the
///   disorder (all that were ever heard, where those are fewer). It is refused at once if as many more go on at the
///   newest time as say the leap's.
/// - When it has been held for so long, when the newest time has come near it, and where the recording ends, it is
///   believed if nobody is against it. Else it is refused if a quorum says one time below it, and more than say its
///   own; or if its source is contradicted by more sources than one of those against it, and believed if it is the
///   other way round: a wrong clock contradicts many, a right one only the wrong ones; what sources have said up to
///   ``patience`` events ago counts for that. Else it is believed if more sources say its time, but for the disorder,
///   than are against it.
///
/// So no event of a right clock is late or refused because of clocks that are fast by less than `max_ahead`, as long as
/// fewer than a quorum of them agree, fewer than a quorum begin the stream, and, before time comes near what a wrong
/// one says and within ``patience`` events, right sources speak: four where they are within the disorder of each other;
/// where they are not, and each event is a leap, there are two wrong ones at most, and four right ones more than these
/// speak. What is ahead by no more than the disorder cannot be told.
struct Leaps: Equatable, Sendable {
    /// In a stream whose events are further apart than the disorder each one is a leap.
    static let patience = 64
    /// Even where no disorder is allowed, clocks differ by this, microseconds.
    static let least: Int64 = 1_000_000

    struct Leap: Equatable, Sendable {
        var time: Int64
        /// The event, counted as ``ClockState/waited`` is.
        var number: Int
    }

    /// In the order of their events.
    private(set) var held: [Leap] = []
    /// By entity: what sources have said since the first of them, in this order.
    private(set) var words: [[Speakers.Word]]
    /// How far a time may be above the newest one without being asked about; 0 where nothing can be held.
    var tolerance: Int64 = 0

    init(entities: Int) { words = Array(repeating: [], count: entities) }

    init(held: [Leap], words: [[Speakers.Word]], tolerance: Int64) {
        self.held = held
        self.words = words
        self.tolerance = tolerance
    }

    static func tolerance(of disorder: Int64) -> Int64 { max(disorder, least) }

    var top: Int64? { held.lazy.map(\.time).max() }

    mutating func hold(_ time: Int64, at number: Int) { held.append(Leap(time: time, number: number)) }

    /// Takes note of what an event says. Zero is no key. What is late speaks for nothing, but tells whose clock is
    /// slow.
    mutating func add(_ row: Int, of source: EntityKeys, at number: Int, time: Int64, isLate: Bool) {
        for entity in words.indices {
            let key = source.hash(of: row, entity: entity)
            guard key != 0 else { continue }
            words[entity].append(Speakers.Word(key: key, number: number, stands: !isLate, time: time))
        }
    }

    /// Takes over what sources that stand by a far time have said, in the order of their words.
    mutating func add(_ speakers: Speakers, above newest: Int64) {
        for entity in words.indices {
            words[entity] += speakers.words[entity].filter(\.stands)
            words[entity].sort { ($0.number, $0.key) < ($1.number, $1.key) }
        }
        let times = speakers.words.joined().filter { $0.stands && $0.time.distance(above: newest) > tolerance }
        for word in times where !held.contains(where: { $0.number == word.number }) { hold(word.time, at: word.number) }
        held.sort { $0.number < $1.number }
    }

    mutating func remove(at place: Int) {
        held.remove(at: place)
        guard let first = held.first?.number else { return clear() }
        for entity in words.indices {
            // Who has contradicted whom is known for a while longer.
            guard let last = words[entity].last?.number else { continue }
            let old = words[entity].prefix { $0.number < min(first, last - Self.patience) }.count
            words[entity].removeFirst(old)
        }
    }

    mutating func clear() {
        held.removeAll(keepingCapacity: true)
        for entity in words.indices { words[entity].removeAll(keepingCapacity: true) }
    }

    // MARK: - Who speaks

    /// Sources of an entity that have said one of some times since an event, but none below a time.
    private func count(
        _ entity: Int,
        _ times: ClosedRange<Int64>,
        since number: Int,
        noneBelow low: Int64 = .min
    ) -> Int {
        words[entity].withUnsafeBufferPointer { said in
            var count = 0
            let first = said.firstIndex { $0.number >= number } ?? said.count
            for index in first..<said.count where said[index].stands && times.contains(said[index].time) {
                let key = said[index].key
                var counts = true
                for other in first..<said.count where said[other].stands && said[other].key == key {
                    if said[other].time < low || other < index && times.contains(said[other].time) {
                        counts = false
                        break
                    }
                }
                if counts { count += 1 }
            }
            return count
        }
    }

    /// The same of the entity that has the fewest.
    private func count(_ times: ClosedRange<Int64>, since number: Int, noneBelow low: Int64 = .min) -> Int {
        var least = 0
        for entity in words.indices {
            let own = count(entity, times, since: number, noneBelow: low)
            if own > 0, least == 0 || own < least { least = own }
        }
        return least
    }

    private func low(_ leap: Leap) -> Int64 { leap.time.lowered(by: tolerance) }

    /// Times that agree with one.
    private func near(_ time: Int64) -> ClosedRange<Int64> { time.lowered(by: tolerance)...time.raised(by: tolerance) }

    private func below(_ leap: Leap) -> ClosedRange<Int64> { .min...low(leap).lowered(by: 1) }

    private func quorum(_ entity: Int, _ heard: Voices) -> Int {
        let known = heard.keys[entity]
        guard known.count < EventClock.quorum else { return EventClock.quorum }
        let others = Set(words[entity].lazy.map(\.key)).subtracting(known)
        return max(1, min(EventClock.quorum, known.count + others.count))
    }

    /// Whether by a quorum, whatever entity is looked at.
    private func leads(_ heard: Voices, _ own: (Int) -> Int, over others: (Int) -> Int) -> Bool {
        var isAny = false
        for entity in words.indices {
            let (ours, theirs) = (own(entity), others(entity))
            guard ours + theirs > 0 else { continue }
            isAny = true
            guard ours - theirs >= quorum(entity, heard) else { return false }
        }
        return isAny
    }

    // MARK: - Decisions

    struct Decision {
        var place: Int
        var isBelieved: Bool
    }

    /// What can be decided now, of the leaps that a time which has just been said may speak for, or of all.
    func decision(on time: Int64?, waited: Int, newest: Int64, _ heard: Voices) -> Decision? {
        guard let first = held.first else { return nil }
        if let place = held.firstIndex(where: { $0.time.distance(above: newest) <= tolerance }) {
            return verdict(on: place, newest)
        }
        let goesOn = time.map { $0.distance(above: newest) <= tolerance } ?? true
        for (place, leap) in held.enumerated() {
            if time.map({ near(leap.time).contains($0) }) ?? true, isAgreed(leap, heard) {
                return Decision(place: place, isBelieved: true)
            }
            if goesOn, isContradicted(leap, newest, heard) { return Decision(place: place, isBelieved: false) }
        }
        return waited - first.number + 1 >= Self.patience ? verdict(on: 0, newest) : nil
    }

    private func isAgreed(_ leap: Leap, _ heard: Voices) -> Bool {
        count(below(leap), since: leap.number) == 0
            && leads(heard) {
                count($0, near(leap.time), since: leap.number)
            } over: { _ in
                0
            }
    }

    private func isContradicted(_ leap: Leap, _ newest: Int64, _ heard: Voices) -> Bool {
        leads(heard) {
            count($0, .min...newest, since: leap.number)
        } over: {
            count($0, near(leap.time), since: leap.number, noneBelow: low(leap))
        }
    }

    /// Decides of a leap as it stands.
    private func verdict(on place: Int, _ newest: Int64) -> Decision {
        let leap = held[place]
        let (low, number) = (low(leap), leap.number)
        let against = count(below(leap), since: number)
        guard against > 0 else { return Decision(place: place, isBelieved: true) }
        var beneath = count(.min...min(newest, low.lowered(by: 1)), since: number)
        for other in held where other.time < low { beneath = max(beneath, count(near(other.time), since: number)) }
        let agreed = count(near(leap.time), since: number, noneBelow: low)
        if beneath >= EventClock.quorum, beneath > agreed { return Decision(place: place, isBelieved: false) }
        let trust = trust(in: leap)
        if trust != 0 { return Decision(place: place, isBelieved: trust > 0) }
        return Decision(place: place, isBelieved: agreed > against)
    }

    /// How many sources more the one that is against a leap and that the fewest contradict is contradicted by than the
    /// leap's own.
    private func trust(in leap: Leap) -> Int {
        var fewest: (against: Int, trust: Int)?
        for entity in words.indices {
            guard let own = words[entity].first(where: { $0.number == leap.number })?.key else { continue }
            let times = below(leap)
            let others = Set(
                words[entity].lazy.filter { $0.stands && $0.number >= leap.number && times.contains($0.time) }.map(
                    \.key
                )
            )
            guard let least = others.map({ opponents(of: $0, entity) }).min() else { continue }
            if others.count < fewest?.against ?? .max {
                fewest = (others.count, least - opponents(of: own, entity))
            }
        }
        return fewest?.trust ?? 0
    }

    /// Sources of which a source has said something that cannot be right if they are.
    private func opponents(of key: UInt64, _ entity: Int) -> Int {
        let said = words[entity]
        var found: Set<UInt64> = []
        for (index, own) in said.enumerated() where own.key == key {
            for other in said[..<index] where own.time < other.time.lowered(by: tolerance) { found.insert(other.key) }
            for other in said[index...] where other.time < own.time.lowered(by: tolerance) { found.insert(other.key) }
        }
        found.remove(key)
        return found.count
    }

    /// What is decided next if nobody else is going to speak.
    func lastDecision(newest: Int64) -> Decision? { held.isEmpty ? nil : verdict(on: 0, newest) }
}

extension ClockState {
    /// Whether nothing is undecided.
    var isSettled: Bool { clusters.isEmpty && leaps.held.isEmpty }

    /// What a far time is far from.
    var top: Int64? { newest.map { max($0, leaps.top ?? $0) } }

    mutating func apply(_ decision: Leaps.Decision) {
        let leap = leaps.held[decision.place]
        if decision.isBelieved {
            newest = max(newest ?? leap.time, leap.time)
            let keys = leaps.words.map { $0.filter { $0.number == leap.number }.map(\.key) }
            if heard.keys.contains(where: { $0.count < EventClock.quorum }) {
                heard.add(Voices(keys), limit: EventClock.quorum)
            }
        }
        leaps.remove(at: decision.place)
    }

    /// What was far ahead is so no longer, or is believed: its times are looked at as leaps above the newest one.
    mutating func open(_ cluster: TimeCluster) {
        guard let newest else { return }
        leaps.add(cluster.speakers, above: newest)
        if leaps.held.isEmpty { leaps.clear() }
    }
}

extension Int64 {
    func lowered(by distance: Int64) -> Int64 {
        let (time, overflow) = subtractingReportingOverflow(distance)
        return overflow ? .min : time
    }

    func raised(by distance: Int64) -> Int64 {
        let (time, overflow) = addingReportingOverflow(distance)
        return overflow ? .max : time
    }
}
