import Windows

/// How far sources are ahead of a server's clock, which may itself be slow: each source's last word.
struct Neighbours {
    private var words: Speakers
    private var number = 0
    /// The last word that was ahead, and since when none was that is not.
    private var lastAhead = 0
    private var firstAhead = 1

    init(entities: Int) { words = Speakers(entities: entities) }

    /// Whether a source has been ahead a while ago.
    var isListening: Bool { number > 0 }

    /// Takes note of an event; whether its time can be believed: the server's clock has come to it, the quorum agrees on how far
    /// it is ahead (all that were ever accepted, where those are fewer), or nobody says anything else for so long that nothing would ever be taken.
    mutating func agree(_ ahead: Int64, _ row: Int, of keys: EntityKeys, tolerance: Int64, _ heard: Voices) -> Bool {
        number += 1
        words.add(row, of: keys, at: number, time: ahead)
        guard ahead > tolerance else {
            firstAhead = number + 1
            if number - lastAhead >= Leaps.patience { self = Neighbours(entities: words.words.count) }
            return true
        }
        lastAhead = number
        if number - firstAhead + 1 >= Leaps.patience { return true }
        return words.words.indices.allSatisfy { entity in
            let known = heard.keys[entity].count
            let own = words.count(entity, ahead.lowered(by: tolerance)...ahead.raised(by: tolerance))
            return own == 0 || own >= (known == 0 ? EventClock.quorum : min(EventClock.quorum, known))
        }
    }
}
