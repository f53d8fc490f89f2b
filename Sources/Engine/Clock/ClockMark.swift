import Base
public import Plan

/// What the log keeps of the event clock with each batch of a recording: the limit that its events were judged by, and from
/// where judging goes on behind the batch, so that a recording that is read on is judged as if it had been read at once.
public struct ClockMark: Equatable, Sendable {
    /// `max_ahead`, microseconds.
    public var limit: Int64
    /// Behind the batch.
    public var state: ClockState
    /// In front of the recording's first event.
    public var before: ClockState

    public init(limit: Int64, state: ClockState, before: ClockState) {
        self.limit = limit
        self.state = state
        self.before = before
    }

    /// The batch ends in front of a row: so does what the clock knows, from what it knew in front of the batch.
    public mutating func cut(_ batch: ColumnBatch, at row: Int, from start: ClockState) {
        state = start
        // What is held there is decided in what is left of the batch.
        state.leaps.clear()
        let times = (0..<row).lazy.filter { batch.status[$0] == 0 }.map { batch.times[$0] }
        state.newest = max(state.newest ?? .min, times.max() ?? .min)
        if state.newest == .min { state.newest = nil }
    }

    /// Name of the header on the first record of a batch that a server took, with the limit only.
    static let headerName = "clock"

    /// Nine parts between semicolons, of which the last may be missing: limit; newest time, sources heard, events waited,
    /// speakers for the present, clusters behind the batch; newest time and sources heard before the recording; leaps. Sources
    /// are hexadecimal hashes with dots between them, entities have commas between them. Speakers are `SOURCES!LAST`, where
    /// each source has the number of its last word behind it, with a `+` if that stands, a `-` if it has spoken for another
    /// time since, and an `@` and the time that it was for. (Without that: the latest of its cluster.) Clusters are
    /// `EARLIEST_LATEST_FIRST_SPEAKERS` with bars between them. Leaps are `TOLERANCE!TIMES!WORDS`: times with dots, each with a
    /// `+` and its number behind it; words as of speakers.
    var text: String {
        let clusters = state.clusters.map { "\($0.earliest)_\($0.latest)_\($0.first)_\($0.speakers.text)" }.joined(
            separator: "|"
        )
        let parts = [
            "\(limit)", state.newestText, state.heard.text, "\(state.waited)", state.present.text, clusters,
            before.newestText, before.heard.text, state.leaps.text,
        ]
        return parts.joined(separator: ";")
    }

    /// Nil if the text is something else.
    init?(_ text: Substring) {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false).map(String.init)
        guard (8...9).contains(parts.count), let limit = Int64(parts[0]), limit >= 0,
            let heard = Voices(text: parts[2]),
            let waited = Int(parts[3]), waited >= 0,
            let present = Speakers(text: parts[4]), let heardBefore = Voices(text: parts[7])
        else { return nil }
        let entities = heard.keys.count
        guard present.entityCount == entities, heardBefore.keys.count == entities else { return nil }
        self.limit = limit
        state = ClockState(entities: entities)
        before = state
        guard state.read(newest: parts[1]), before.read(newest: parts[6]) else { return nil }
        state.heard = heard
        state.waited = waited
        state.present = present
        before.heard = heardBefore
        if parts.count == 9 {
            guard let leaps = Leaps(text: parts[8]), leaps.words.count == entities else { return nil }
            state.leaps = leaps
        }
        for part in parts[5].split(separator: "|") {
            let words = part.split(separator: "_", omittingEmptySubsequences: false)
            guard words.count == 4, let earliest = Int64(words[0]), let latest = Int64(words[1]), earliest <= latest,
                earliest > state.clusters.last?.latest ?? .min, let first = Int(words[2]), (0...waited).contains(first),
                let speakers = Speakers(text: words[3], time: latest), speakers.entityCount == entities
            else { return nil }
            state.clusters.append(TimeCluster(earliest: earliest, latest: latest, first: first, speakers: speakers))
        }
    }
}

extension ClockState {
    fileprivate var newestText: String { newest.map { "\($0)" } ?? "" }

    fileprivate mutating func read(newest text: String) -> Bool {
        newest = Int64(text)
        return newest != nil || text.isEmpty
    }
}

extension Leaps {
    fileprivate var text: String {
        let times = held.map { "\($0.time)+\($0.number)" }.joined(separator: ".")
        return "\(tolerance)!\(times)!\(words.map(\.text).joined(separator: ","))"
    }

    fileprivate init?(text: String) {
        let parts = text.split(separator: "!", omittingEmptySubsequences: false)
        guard parts.count == 3, let tolerance = Int64(parts[0]), tolerance >= 0 else { return nil }
        let texts = parts[1].split(separator: ".")
        let held = texts.compactMap { text -> Leap? in
            let words = text.split(separator: "+", omittingEmptySubsequences: false)
            guard words.count == 2, let time = Int64(words[0]), let number = Int(words[1]) else { return nil }
            return Leap(time: time, number: number)
        }
        let words = parts[2].split(separator: ",", omittingEmptySubsequences: false).compactMap {
            [Speakers.Word](text: $0, time: 0)
        }
        guard held.count == texts.count, zip(held, held.dropFirst()).allSatisfy({ $0.number < $1.number }),
            words.count == parts[2].count(where: { $0 == "," }) + 1
        else { return nil }
        self.init(held: held, words: words, tolerance: tolerance)
    }
}

extension Speakers {
    fileprivate var text: String { "\(words.map(\.text).joined(separator: ","))!\(last)" }

    fileprivate var entityCount: Int { words.count }

    fileprivate init?(text: some StringProtocol, time: Int64 = 0) {
        let parts = text.split(separator: "!", omittingEmptySubsequences: false)
        guard parts.count == 2, let last = Int(parts[1]) else { return nil }
        var entities: [[Word]] = []
        for part in parts[0].split(separator: ",", omittingEmptySubsequences: false) {
            guard let words = [Word](text: part, time: time), words.count <= Voices.limit,
                zip(words, words.dropFirst()).allSatisfy({ $0.key < $1.key })
            else { return nil }
            entities.append(words)
        }
        self.init(entities, last: last)
    }
}

extension [Speakers.Word] {
    fileprivate var text: String {
        map { String($0.key, radix: 16) + ($0.stands ? "+" : "-") + "\($0.number)@\($0.time)" }.joined(separator: ".")
    }

    fileprivate init?(text: some StringProtocol, time: Int64) {
        let texts = text.split(separator: ".")
        let words = texts.compactMap { Speakers.Word(text: $0, time: time) }
        guard words.count == texts.count else { return nil }
        self = words
    }
}

extension Speakers.Word {
    fileprivate init?(text: some StringProtocol, time: Int64) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count <= 2, let sign = text.firstIndex(where: { $0 == "+" || $0 == "-" }),
            let key = UInt64(text[..<sign], radix: 16), let first = parts.first, sign < first.endIndex,
            let number = Int(first[first.index(after: sign)...])
        else { return nil }
        self.init(key: key, number: number, stands: text[sign] == "+", time: time)
        guard parts.count == 2 else { return }
        guard let own = Int64(parts[1]) else { return nil }
        self.time = own
    }
}

extension Voices {
    fileprivate var text: String {
        keys.map { $0.map { String($0, radix: 16) }.joined(separator: ".") }.joined(separator: ",")
    }

    fileprivate init?(text: some StringProtocol) {
        var keys: [[UInt64]] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let words = part.split(separator: ".")
            let numbers = words.compactMap { UInt64($0, radix: 16) }
            guard numbers.count == words.count, numbers.count <= Self.limit, Set(numbers).count == numbers.count else {
                return nil
            }
            keys.append(numbers)
        }
        self.init(keys)
    }
}
