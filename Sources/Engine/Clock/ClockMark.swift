import Base
public import Plan

/// What the log keeps of the event clock with each batch of a recording: the limit that its events were judged by, and
/// from where judging goes on behind the batch, so that a recording that is read on is judged as if it had been read at
/// once.
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
        state.judged += row
        // What is held there is decided in what is left of the batch.
        state.leaps.clear()
        let times = (0..<row).lazy.filter { batch.status[$0] == 0 }.map { batch.times[$0] }
        state.newest = max(state.newest ?? .min, times.max() ?? .min)
        if state.newest == .min { state.newest = nil }
    }

    /// Name of the header on the first record of a batch that a server took, with the limit only.
    package static let headerName = "clock"

    /// The limit, seven parts for the state behind the batch, and seven for that before the recording, between
    /// semicolons: newest time, sources heard, events waited, speakers for the present, clusters, leaps, events judged.
    /// Sources are hexadecimal hashes with dots between them, entities have commas between them. Speakers are
    /// `SOURCES!LAST`, where each source has the number of its last word behind it, with a `+` if that stands, a `-` if
    /// it has spoken for another time since, and an `@` and the time that it was for. (Without that: the latest of its
    /// cluster.) Clusters are `EARLIEST_LATEST_FIRST_SPEAKERS_EVENTS` with bars between them, of which the last part
    /// may be missing. Leaps are
    /// `TOLERANCE!TIMES!WORDS`: times with dots, each with a `+` and its number behind it; words as of speakers.
    ///
    /// At first there were eight or nine parts: the limit; of the state behind the batch the first five; of that before
    /// the recording the first two; the leaps.
    package var text: String { (["\(limit)"] + state.parts + before.parts).joined(separator: ";") }

    /// Nil if the text is something else.
    package init?(_ text: Substring) {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false)
        guard let limit = Int64(parts[0]), limit >= 0 else { return nil }
        self.limit = limit
        let found: (state: ClockState?, before: ClockState?)
        switch parts.count {
        case 15: found = (ClockState(parts[1..<8]), ClockState(parts[8..<15]))
        case 8, 9: found = (ClockState(parts[1..<6] + parts[8...]), ClockState(parts[6..<8]))
        default: return nil
        }
        guard let state = found.state, let before = found.before, state.entityCount == before.entityCount else {
            return nil
        }
        self.state = state
        self.before = before
    }
}

extension ClockState {
    fileprivate var parts: [String] {
        let clusters = clusters.map { "\($0.earliest)_\($0.latest)_\($0.first)_\($0.speakers.text)_\($0.events)" }
        return [
            newest.map { "\($0)" } ?? "", heard.text, "\(waited)", present.text, clusters.joined(separator: "|"),
            leaps.text,
            "\(judged)",
        ]
    }

    /// The first parts; what is behind them says nothing. Nil if the texts are something else.
    fileprivate init?(_ parts: ArraySlice<Substring>) {
        let parts = Array(parts)
        guard let heard = Voices(text: parts[1]) else { return nil }
        self.init(entities: heard.keys.count)
        self.heard = heard
        newest = Int64(parts[0])
        guard newest != nil || parts[0].isEmpty else { return nil }
        if parts.count > 4 {
            guard let waited = Int(parts[2]), waited >= 0, let present = Speakers(text: parts[3]),
                present.entityCount == entityCount
            else { return nil }
            self.waited = waited
            self.present = present
            for part in parts[4].split(separator: "|") {
                guard let cluster = TimeCluster(part, above: clusters.last?.latest ?? .min, waited, entityCount) else {
                    return nil
                }
                clusters.append(cluster)
            }
        }
        if parts.count > 5 {
            guard let leaps = Leaps(text: parts[5]), leaps.words.count == entityCount else { return nil }
            self.leaps = leaps
        }
        if parts.count > 6 {
            guard let judged = Int(parts[6]), judged >= 0 else { return nil }
            self.judged = judged
        }
    }
}

extension TimeCluster {
    /// One that lies above a time, of so many events and entities.
    fileprivate init?(_ text: Substring, above other: Int64, _ waited: Int, _ entities: Int) {
        let words = text.split(separator: "_", omittingEmptySubsequences: false)
        guard (4...5).contains(words.count), let earliest = Int64(words[0]), let latest = Int64(words[1]),
            earliest <= latest,
            earliest > other, let first = Int(words[2]), (0...waited).contains(first),
            let speakers = Speakers(text: words[3], time: latest), speakers.entityCount == entities
        else { return nil }
        guard let events = words.count > 4 ? Int(words[4]) : 1, events > 0 else { return nil }
        self.init(earliest: earliest, latest: latest, first: first, events: events, speakers: speakers)
    }
}

extension Leaps {
    fileprivate var text: String {
        let times = held.map { "\($0.time)+\($0.number)" }.joined(separator: ".")
        return "\(tolerance)!\(times)!\(words.map(\.text).joined(separator: ","))"
    }

    fileprivate init?(text: some StringProtocol) {
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
