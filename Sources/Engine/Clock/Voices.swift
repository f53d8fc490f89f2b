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

    /// Keys of all entities together.
    var total: Int { keys.reduce(0) { $0 + $1.count } }
}
