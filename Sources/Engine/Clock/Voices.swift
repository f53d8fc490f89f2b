import Windows

/// Who has spoken for a time: the different keys of each entity, as hashes.
struct Voices: Equatable, Sendable {
    /// By entity, ascending.
    private(set) var keys: [[UInt64]]

    /// Keys of an entity that are told apart at most: what has so many has more than any rule asks for.
    static let limit = 64

    init(entities: Int) {
        keys = Array(repeating: [], count: entities)
    }

    init(_ keys: [[UInt64]]) {
        self.keys = keys.map { $0.sorted() }
    }

    var isEmpty: Bool { keys.allSatisfy(\.isEmpty) }

    /// Adds the keys of an event: zero is none.
    mutating func add(_ row: Int, of source: EntityKeys, limit: Int = Voices.limit) {
        for entity in keys.indices { add(source.hash(of: row, entity: entity), to: entity, limit: limit) }
    }

    mutating func add(_ other: Voices, limit: Int = Voices.limit) {
        for entity in keys.indices { for key in other.keys[entity] { add(key, to: entity, limit: limit) } }
    }

    private mutating func add(_ key: UInt64, to entity: Int, limit: Int) {
        guard key != 0, keys[entity].count < limit else { return }
        let place = keys[entity].firstIndex { $0 >= key } ?? keys[entity].count
        if place < keys[entity].count, keys[entity][place] == key { return }
        keys[entity].insert(key, at: place)
    }

    /// Takes away what others have said since.
    mutating func remove(_ other: Voices) {
        for entity in keys.indices where !keys[entity].isEmpty {
            keys[entity].removeAll { other.keys[entity].contains($0) }
        }
    }

    /// How many sources these are: as many as there are of the entity that has the fewest, so that ten payers at one terminal
    /// are one. What has no key at all says nothing.
    var count: Int { keys.lazy.filter { !$0.isEmpty }.map(\.count).min() ?? 0 }

    /// Keys of all entities together.
    var total: Int { keys.reduce(0) { $0 + $1.count } }

    /// By how many sources these are more than others, whatever entity is looked at.
    func lead(over other: Voices) -> Int {
        let leads = keys.indices.lazy
            .filter { !(self.keys[$0].isEmpty && other.keys[$0].isEmpty) }
            .map { self.keys[$0].count - other.keys[$0].count }
        return leads.min() ?? 0
    }

    /// Whether these are as many as a jump needs of the sources that are known: all of them, or ``EventClock/quorum``.
    func isQuorum(of heard: Voices) -> Bool {
        guard !isEmpty || heard.isEmpty else { return false }
        return keys.indices.allSatisfy { entity in
            keys[entity].isEmpty || keys[entity].count >= min(EventClock.quorum, heard.keys[entity].count)
        }
    }
}
