import Plan

/// The paths of a schema as a tree of object keys, for one pass over an event.
///
/// A node's children are its keys; a node may hold the field that ends there. `items[].category` is the node `items`,
/// its element node, and the key `category` under it.
///
/// A path fits nested objects, names with dots, and any mixture: `a.b.c` is `{"a":{"b":{"c":1}}}`, `{"a.b.c":1}`, which
/// a column of CSV is, too, and `{"a.b":{"c":1}}`. And a name fits that differs by upper and lower case or by spaces
/// around it only, where the event has none that is the same: see ``similar(_:to:)``.
struct FieldTree {
    struct Node {
        var keys: [(name: [UInt8], node: Int)] = []
        /// The node of an array's elements.
        var element: Int?
        var field: Int?
        /// The fields below this node, for finding those that an event lacks.
        var isList = false
        /// Its keys in small letters, those that are the same then left out.
        fileprivate var similar: [(name: [UInt8], node: Int)] = []
    }

    private(set) var nodes: [Node] = [Node()]

    /// More parts are not joined in every way, only as a whole.
    private static let joinLimit = 5

    init(_ schema: Schema) {
        for (index, field) in schema.fields.enumerated() {
            let parts = field.path.split(separator: ".", omittingEmptySubsequences: false)
            add(parts[...], below: 0, field: index, isList: field.isList)
            if parts.count > Self.joinLimit, !field.isList {
                nodes[child(of: 0, name: Array(field.path.utf8))].field = index
            }
        }
        for index in nodes.indices {
            let folded = nodes[index].keys.map { (name: Array(SimilarName.folded($0.name).utf8), node: $0.node) }
            nodes[index].similar = folded.filter { key in folded.count { $0.name == key.name } == 1 }
        }
    }

    /// Adds what is left of a path: its first parts, one or several of them, are the next key.
    private mutating func add(_ parts: ArraySlice<Substring>, below node: Int, field: Int, isList: Bool) {
        guard !parts.isEmpty else {
            nodes[node].field = field
            nodes[node].isList = isList
            return
        }
        let joins = parts.count <= Self.joinLimit ? parts.count : 1
        for count in 1...joins {
            let taken = parts.prefix(count)
            // A list's name is the end of a key.
            guard !taken.dropLast().contains(where: { $0.hasSuffix("[]") }) else { break }
            var name = taken.joined(separator: ".")
            let isElement = name.hasSuffix("[]")
            if isElement { name.removeLast(2) }
            var next = child(of: node, name: Array(name.utf8))
            if isElement {
                if let element = nodes[next].element {
                    next = element
                } else {
                    nodes.append(Node())
                    nodes[next].element = nodes.count - 1
                    next = nodes.count - 1
                }
            }
            add(parts.dropFirst(count), below: next, field: field, isList: isList)
        }
    }

    private mutating func child(of node: Int, name: [UInt8]) -> Int {
        if let known = nodes[node].keys.first(where: { $0.name == name }) { return known.node }
        nodes.append(Node())
        nodes[node].keys.append((name, nodes.count - 1))
        return nodes.count - 1
    }

    /// The node of the key that differs from a name by upper and lower case, or by spaces around it, only; nil if there
    /// is none, or more than one.
    func similar(_ node: Int, to name: UnsafeBufferPointer<UInt8>) -> Int? {
        let keys = nodes[node].similar
        guard !keys.isEmpty, !name.isEmpty else { return nil }
        guard !name.contains(where: { $0 >= 0x80 }) else {
            let folded = SimilarName.folded(name)
            return keys.first { $0.name.elementsEqual(folded.utf8) }?.node
        }
        // Most names of a stream come here once, and of a wide one often: nothing is copied.
        var (start, end) = (0, name.count)
        while start < end, Self.isSpace(name[start]) { start += 1 }
        while end > start, Self.isSpace(name[end - 1]) { end -= 1 }
        for key in keys where key.name.count == end - start {
            var index = 0
            while index < key.name.count, Self.small(name[start + index]) == key.name[index] { index += 1 }
            if index == key.name.count { return key.node }
        }
        return nil
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte &- 0x09 < 5 }

    private static func small(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}

/// The tree laid flat for the hot path: keys as words, no arrays of arrays.
///
/// Keys of one object are tried from the one behind the last hit on, because the events of a stream repeat a few
/// shapes: most look-ups compare one length and one word.
struct FlatFieldTree: ~Copyable {
    struct Key {
        var prefix: UInt64
        var length: Int32
        var start: Int32
        var node: Int32
    }

    struct Node {
        var firstKey: Int32 = 0
        var keyCount: Int32 = 0
        var lastHit: Int32 = 0
        var element: Int32 = -1
        var field: Int32 = -1
    }

    let nodes: UnsafeMutablePointer<Node>
    private let keys: UnsafeMutablePointer<Key>
    private let names: UnsafeMutablePointer<UInt8>

    init(_ tree: FieldTree) {
        let keyCount = tree.nodes.reduce(0) { $0 + $1.keys.count }
        let nameBytes = tree.nodes.reduce(0) { $0 + $1.keys.reduce(0) { $0 + $1.name.count } }
        nodes = .allocate(capacity: tree.nodes.count)
        keys = .allocate(capacity: max(1, keyCount))
        names = .allocate(capacity: max(1, nameBytes))
        var nextKey = 0
        var nextName = 0
        for (index, node) in tree.nodes.enumerated() {
            var flat = Node()
            flat.firstKey = Int32(nextKey)
            flat.keyCount = Int32(node.keys.count)
            flat.element = Int32(node.element ?? -1)
            flat.field = Int32(node.field ?? -1)
            for key in node.keys {
                var prefix: UInt64 = 0
                for (place, byte) in key.name.prefix(8).enumerated() { prefix |= UInt64(byte) << UInt64(place * 8) }
                keys[nextKey] = Key(
                    prefix: prefix,
                    length: Int32(key.name.count),
                    start: Int32(nextName),
                    node: Int32(key.node)
                )
                for (place, byte) in key.name.enumerated() { names[nextName + place] = byte }
                nextName += key.name.count
                nextKey += 1
            }
            nodes[index] = flat
        }
    }

    deinit {
        nodes.deallocate()
        keys.deallocate()
        names.deallocate()
    }

    /// The node of a key, or -1.
    @inline(__always)
    func find(_ node: Int, _ name: UnsafePointer<UInt8>, _ length: Int) -> Int {
        let parent = nodes[node]
        let count = Int(parent.keyCount)
        guard count > 0 else { return -1 }
        var prefix: UInt64 = 0
        if length >= 8 {
            prefix = UnsafeRawPointer(name).loadUnaligned(as: UInt64.self)
        } else {
            for index in 0..<length { prefix |= UInt64(name[index]) << UInt64(index * 8) }
        }
        var place = Int(parent.lastHit)
        for _ in 0..<count {
            place = place + 1 < count ? place + 1 : 0
            let key = keys[Int(parent.firstKey) + place]
            guard key.prefix == prefix, Int(key.length) == length else { continue }
            var index = 8
            while index < length, names[Int(key.start) + index] == name[index] { index += 1 }
            guard index >= length else { continue }
            nodes[node].lastHit = Int32(place)
            return Int(key.node)
        }
        return -1
    }
}
