import Plan

/// The paths of a schema as a tree of object keys, for one pass over an event.
///
/// A node's children are its keys; a node may hold the field that ends there. `items[].category` is the node `items`, its
/// element node, and the key `category` under it.
struct FieldTree {
    struct Node {
        var keys: [(name: [UInt8], node: Int)] = []
        /// The node of an array's elements.
        var element: Int?
        var field: Int?
        /// The fields below this node, for finding those that an event lacks.
        var isList = false
    }

    private(set) var nodes: [Node] = [Node()]

    init(_ schema: Schema) {
        for (index, field) in schema.fields.enumerated() {
            var node = 0
            for part in field.path.split(separator: ".", omittingEmptySubsequences: false) {
                let isElement = part.hasSuffix("[]")
                node = child(of: node, name: Array((isElement ? part.dropLast(2) : part).utf8))
                if isElement {
                    if let element = nodes[node].element {
                        node = element
                    } else {
                        nodes.append(Node())
                        nodes[node].element = nodes.count - 1
                        node = nodes.count - 1
                    }
                }
            }
            nodes[node].field = index
            nodes[node].isList = field.isList
            // A CSV column, and many a JSON object, has the whole path as one name.
            if field.path.contains("."), !field.isList {
                let whole = child(of: 0, name: Array(field.path.utf8))
                nodes[whole].field = index
            }
        }
    }

    private mutating func child(of node: Int, name: [UInt8]) -> Int {
        if let known = nodes[node].keys.first(where: { $0.name == name }) { return known.node }
        nodes.append(Node())
        nodes[node].keys.append((name, nodes.count - 1))
        return nodes.count - 1
    }
}

/// The tree laid flat for the hot path: keys as words, no arrays of arrays.
///
/// Keys of one object are tried from the one behind the last hit on, because the events of a stream repeat a few shapes:
/// most look-ups compare one length and one word.
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
