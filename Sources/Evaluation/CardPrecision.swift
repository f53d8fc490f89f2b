import Base

/// Card precision at k: of the k entities a day that look worst, the share that had a fraud that day.
///
/// An entity is as bad as its worst event of the day. Once found it is gone: its later days do not count. Of equal
/// entities the one whose first event of the day came earlier stands first; a day with fewer than k of them is divided
/// by k all the same. Handbook, chapter 4.4.
public struct CardPrecision: Sendable, Equatable {
    /// The share of each day, earliest first.
    public private(set) var days: [Double] = []

    /// The mean over the days; nil without any.
    public var mean: Double? { days.isEmpty ? nil : days.reduce(0, +) / Double(days.count) }

    /// - Parameters:
    ///   - days: The day of each event.
    ///   - entities: Whose event it is; absent ones do not count.
    ///   - isFraud: Its truth.
    ///   - scores: How suspicious it is.
    ///   - k: How many entities can be looked at a day.
    public init(days: [Int], entities: [Text], isFraud: [Bool], scores: [Double], k: Int) {
        precondition(days.count == scores.count && entities.count == scores.count && isFraud.count == scores.count)
        precondition(k > 0, "At least one entity is looked at.")
        struct Card {
            var entity: Text
            var score: Double
            var isFraud: Bool
            var place: Int
        }
        var found: Set<Text> = []
        for (_, rows) in Dictionary(grouping: days.indices, by: { days[$0] }).sorted(by: { $0.key < $1.key }) {
            var cards: [Text: Card] = [:]
            for row in rows where !entities[row].isAbsent && !found.contains(entities[row]) {
                var card =
                    cards[entities[row]]
                    ?? Card(entity: entities[row], score: scores[row], isFraud: false, place: row)
                card.score = max(card.score, scores[row])
                card.isFraud = card.isFraud || isFraud[row]
                cards[entities[row]] = card
            }
            let worst = cards.values.sorted { $0.score != $1.score ? $0.score > $1.score : $0.place < $1.place }.prefix(
                k
            )
            let hits = worst.filter(\.isFraud)
            self.days.append(Double(hits.count) / Double(k))
            found.formUnion(hits.map(\.entity))
        }
    }
}

/// The share of the frauds of each kind that a threshold finds.
public struct RecallByKind: Sendable, Equatable {
    public struct Kind: Sendable, Equatable {
        public var name: String
        public var frauds: Int
        /// Of them with a score at the threshold or above.
        public var found: Int

        public var recall: Double { Double(found) / Double(frauds) }
    }

    /// The kinds that occur, by name.
    public private(set) var kinds: [Kind] = []

    /// - Parameters:
    ///   - names: The kind of each event; those of events that are no fraud do not count.
    ///   - isFraud: Its truth.
    ///   - scores: How suspicious it is.
    ///   - threshold: The least score that is found.
    public init(names: [String], isFraud: [Bool], scores: [Double], threshold: Double) {
        var counts: [String: (frauds: Int, found: Int)] = [:]
        for row in names.indices where isFraud[row] {
            counts[names[row], default: (0, 0)].frauds += 1
            if scores[row] >= threshold { counts[names[row], default: (0, 0)].found += 1 }
        }
        kinds = counts.sorted { $0.key < $1.key }
            .map { Kind(name: $0.key, frauds: $0.value.frauds, found: $0.value.found) }
    }
}
