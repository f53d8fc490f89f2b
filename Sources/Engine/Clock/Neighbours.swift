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

    /// Takes note of an event; whether its time can be believed: the server's clock has come to it, the quorum agrees
    /// on how far it is ahead (all that were ever accepted, where those are fewer), or for so long nobody has said
    /// anything but that the server's clock is slow, and so many sources that nothing would ever be taken.
    mutating func agree(
        _ ahead: Int64,
        _ row: Int,
        of keys: EntityKeys,
        tolerance: Int64,
        _ heard: Voices,
        isFirst: Bool
    ) -> Bool {
        number += 1
        words.add(row, of: keys, at: number, time: ahead)
        guard ahead > tolerance else {
            firstAhead = number + 1
            if number - lastAhead >= Leaps.patience { self = Neighbours(entities: words.words.count) }
            return true
        }
        lastAhead = number
        let isLong = number - firstAhead + 1 >= Leaps.patience
        let agreed =
            isLong
            ? tolerance.raised(by: 1)...(.max) : ahead.lowered(by: tolerance)...ahead.raised(by: tolerance)
        var isAny = false
        for entity in words.words.indices {
            let own = words.count(entity, agreed)
            let known = heard.keys[entity].count
            // Of one source alone a server takes what it says, if nothing was ever taken.
            let least = known > 0 ? min(EventClock.quorum, known) : isLong && isFirst ? 1 : EventClock.quorum
            guard own == 0 || own >= least else { return false }
            isAny = isAny || own > 0
        }
        return isAny || isLong && isFirst
    }
}
