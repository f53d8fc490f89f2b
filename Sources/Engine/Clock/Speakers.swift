import Windows

/// Who has spoken for a time, and when last.
struct Speakers: Equatable, Sendable {
    /// A source's last word for the time.
    struct Word: Equatable, Sendable {
        var key: UInt64
        /// Which event said it, counted as ``ClockState/waited`` is.
        var number: Int
        /// Whether the source has spoken for no other time since.
        var stands = true
        /// The time that it spoke for; 0 if nobody asks.
        var time: Int64 = 0
    }

    /// By entity, ascending by key: of those with more than ``Voices/limit``, whoever spoke last.
    private(set) var words: [[Word]]
    /// The last event that spoke for the time, even if it names no source.
    private(set) var last: Int

    init(_ words: [[Word]], last: Int) {
        self.words = words
        self.last = last
    }

    init(entities: Int) { self.init(Array(repeating: [], count: entities), last: 0) }

    mutating func add(_ voices: Voices, at number: Int, time: Int64 = 0) {
        for entity in words.indices {
            for key in voices.keys[entity] { add(Word(key: key, number: number, time: time), to: entity) }
        }
        last = number
    }

    /// Adds the keys of an event: zero is none.
    mutating func add(_ row: Int, of source: EntityKeys, at number: Int, time: Int64) {
        for entity in words.indices {
            let key = source.hash(of: row, entity: entity)
            if key != 0 { add(Word(key: key, number: number, time: time), to: entity) }
        }
    }

    mutating func clear() {
        for entity in words.indices { words[entity].removeAll(keepingCapacity: true) }
        last = 0
    }

    /// How many sources of an entity have spoken for some times.
    func count(_ entity: Int, _ times: ClosedRange<Int64>) -> Int {
        words[entity].count { times.contains($0.time) }
    }

    mutating func add(_ other: Speakers) {
        for entity in words.indices { for word in other.words[entity] { add(word, to: entity) } }
        last = max(last, other.last)
    }

    mutating func add(_ word: Word, to entity: Int) {
        let place = words[entity].firstIndex { $0.key >= word.key } ?? words[entity].count
        if place < words[entity].count, words[entity][place].key == word.key {
            if words[entity][place].number <= word.number { words[entity][place] = word }
            return
        }
        words[entity].insert(word, at: place)
        guard words[entity].count > Voices.limit,
            let oldest = words[entity].indices.min(by: { words[entity][$0].number < words[entity][$1].number })
        else { return }
        words[entity].remove(at: oldest)
    }

    /// Some sources speak for another time now.
    mutating func withdraw(_ voices: Voices) {
        for entity in words.indices {
            for index in words[entity].indices where voices.keys[entity].contains(words[entity][index].key) {
                words[entity][index].stands = false
            }
        }
    }

    /// Who speaks for this time now.
    var standing: Voices { Voices(words.map { $0.lazy.filter(\.stands).map(\.key) }) }

    /// How many sources have spoken behind an event: as many as there are of the entity that has the fewest, so that
    /// ten payers at one terminal are one. What has no key at all says nothing. Words count that stand, or
    /// `everyone`'s.
    func count(since number: Int = 0, everyone: Bool = false) -> Int {
        words.lazy.map { $0.count(since: number, everyone: everyone) }.filter { $0 > 0 }.min() ?? 0
    }

    /// By how many sources these are more than others that have spoken behind an event, whatever entity is looked at.
    func lead(over other: Speakers, since number: Int) -> Int { lead(since: 0, over: other, since: number) }

    /// By how many sources those that have spoken behind an event are more than others.
    func lead(since number: Int, over other: Speakers) -> Int { lead(since: number, over: other, since: 0) }

    private func lead(since number: Int, over other: Speakers, since otherNumber: Int) -> Int {
        let leads = words.indices.lazy.compactMap { entity -> Int? in
            let own = words[entity].count(since: number, everyone: false)
            let others = other.words[entity].count(since: otherNumber, everyone: false)
            return own + others > 0 ? own - others : nil
        }
        return leads.min() ?? 0
    }

    /// Whether these are as many as a jump needs of the sources that are known: all of them, or ``EventClock/quorum``.
    func isQuorum(of heard: Voices, everyone: Bool = false) -> Bool {
        guard heard.isEmpty || count(everyone: everyone) > 0 else { return false }
        return words.indices.allSatisfy { entity in
            let own = words[entity].count(since: 0, everyone: everyone)
            return own == 0 || own >= min(EventClock.quorum, heard.keys[entity].count)
        }
    }
}

extension [Speakers.Word] {
    fileprivate func count(since number: Int, everyone: Bool) -> Int {
        count { $0.number > number && (everyone || $0.stands) }
    }
}
