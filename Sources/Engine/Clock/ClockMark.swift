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
        let times = (0..<row).lazy.filter { batch.status[$0] == 0 }.map { batch.times[$0] }
        state.newest = max(state.newest ?? .min, times.max() ?? .min)
        if state.newest == .min { state.newest = nil }
    }

    /// Name of the header on the first record of a batch that a server took, with the limit only.
    static let headerName = "clock"

    /// Eight parts between semicolons: limit; newest time, sources heard, events waited, speakers for the present, clusters
    /// behind the batch; newest time and sources heard before the recording. Sources are hexadecimal hashes with dots
    /// between them, entities have commas between them. Speakers are `SOURCES!LAST`, where each source has the number of its
    /// last word behind it, with a `+` if that stands, a `-` if it has spoken for another time since. Clusters are
    /// `EARLIEST_LATEST_FIRST_SPEAKERS` with bars between them.
    var text: String {
        let clusters = state.clusters.map { "\($0.earliest)_\($0.latest)_\($0.first)_\($0.speakers.text)" }.joined(
            separator: "|"
        )
        let parts = [
            "\(limit)", state.newestText, state.heard.text, "\(state.waited)", state.present.text, clusters,
            before.newestText, before.heard.text,
        ]
        return parts.joined(separator: ";")
    }

    /// Nil if the text is something else.
    init?(_ text: Substring) {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 8, let limit = Int64(parts[0]), limit >= 0, let heard = Voices(text: parts[2]),
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
        for part in parts[5].split(separator: "|") {
            let words = part.split(separator: "_", omittingEmptySubsequences: false)
            guard words.count == 4, let earliest = Int64(words[0]), let latest = Int64(words[1]), earliest <= latest,
                earliest > state.clusters.last?.latest ?? .min, let first = Int(words[2]), (0...waited).contains(first),
                let speakers = Speakers(text: words[3]), speakers.entityCount == entities
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

extension Speakers {
    fileprivate var text: String {
        let entities = words.map { words in
            words.map { String($0.key, radix: 16) + ($0.stands ? "+" : "-") + "\($0.number)" }.joined(separator: ".")
        }
        return "\(entities.joined(separator: ","))!\(last)"
    }

    fileprivate var entityCount: Int { words.count }

    fileprivate init?(text: some StringProtocol) {
        let parts = text.split(separator: "!", omittingEmptySubsequences: false)
        guard parts.count == 2, let last = Int(parts[1]) else { return nil }
        var entities: [[Word]] = []
        for part in parts[0].split(separator: ",", omittingEmptySubsequences: false) {
            let texts = part.split(separator: ".")
            let words = texts.compactMap { Word(text: $0) }
            let isAscending = zip(words, words.dropFirst()).allSatisfy { $0.key < $1.key }
            guard words.count == texts.count, words.count <= Voices.limit, isAscending else { return nil }
            entities.append(words)
        }
        self.init(entities, last: last)
    }
}

extension Speakers.Word {
    fileprivate init?(text: some StringProtocol) {
        guard let sign = text.firstIndex(where: { $0 == "+" || $0 == "-" }), let key = UInt64(text[..<sign], radix: 16),
            let number = Int(text[text.index(after: sign)...])
        else { return nil }
        self.init(key: key, number: number, stands: text[sign] == "+")
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
