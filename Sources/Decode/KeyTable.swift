import Plan

/// The schema's paths as one table of object keys: which node of the ``FieldTree`` a key leads to from another node.
///
/// Keys that lead nowhere are learned as they come, up to a limit, so that the fields of a stream that nobody asked for
/// cost one look-up as well. A key of up to 16 bytes is compared by its first and last eight; a longer one in full.
final class KeyTable {
    struct Node {
        /// The field that ends here, or -1.
        var field: Int32 = -1
        /// The node of an array's elements, or -1.
        var element: Int32 = -1
        var hasKeys = false
    }

    private struct Entry {
        var first: UInt64 = 0
        var last: UInt64 = 0
        /// 0 = the place is free.
        var length: Int32 = 0
        var parent: Int32 = 0
        var child: Int32 = -1
        /// Where a key beyond 16 bytes is in `names`.
        var name: Int32 = 0
    }

    let nodes: UnsafeMutablePointer<Node>
    private var entries: UnsafeMutablePointer<Entry>
    private let mask: Int
    private var room: Int
    private var names: [UInt8] = []

    private let tree: FieldTree

    /// What ``find(_:_:_:)`` gives for a name that is only similar to a key.
    static let similar: Int32 = -2

    /// Whether the tree has a place that is both a field and something to look into.
    let hasOverlaps: Bool

    init(_ tree: FieldTree) {
        self.tree = tree
        nodes = .allocate(capacity: tree.nodes.count)
        let keyCount = tree.nodes.reduce(0) { $0 + $1.keys.count }
        // Room for the names of a wide stream that nobody asked for.
        var size = 1024
        while size < keyCount * 4 { size *= 2 }
        entries = .allocate(capacity: size)
        entries.initialize(repeating: Entry(), count: size)
        mask = size - 1
        room = size / 2
        hasOverlaps = tree.nodes.contains { $0.field != nil && (!$0.keys.isEmpty || $0.element != nil) }
        for (index, node) in tree.nodes.enumerated() {
            nodes[index] = Node(
                field: Int32(node.field ?? -1),
                element: Int32(node.element ?? -1),
                hasKeys: !node.keys.isEmpty
            )
            for key in node.keys {
                // Room behind the key, as look-ups read eight bytes at a time.
                (key.name + Array(repeating: 0, count: 8)).withUnsafeBufferPointer { name in
                    if let base = name.baseAddress { learn(Int32(index), base, key.name.count, child: Int32(key.node)) }
                }
            }
        }
    }

    deinit {
        nodes.deallocate()
        entries.deallocate()
    }

    /// The node that a key leads to, -1, or ``similar``. Eight bytes behind the key must be readable.
    @inline(__always)
    func find(_ parent: Int32, _ key: UnsafePointer<UInt8>, _ length: Int) -> Int32 {
        let (first, last) = Self.ends(key, length)
        var place = Self.place(first, last, parent) & mask
        while entries[place].length != 0 {
            let entry = entries[place]
            if entry.first == first, entry.last == last, entry.length == Int32(truncatingIfNeeded: length),
                entry.parent == parent, length <= 16 || isSame(entry, key, length)
            {
                return entry.child
            }
            place = (place + 1) & mask
        }
        return length > 0 ? strange(parent, key, length) : -1
    }

    /// A name that is not known yet: it leads nowhere, or is similar to a key.
    private func strange(_ parent: Int32, _ key: UnsafePointer<UInt8>, _ length: Int) -> Int32 {
        let isSimilar = tree.similar(Int(parent), to: UnsafeBufferPointer(start: key, count: length)) != nil
        let child = isSimilar ? Self.similar : -1
        if room > 0, length <= 64 { learn(parent, key, length, child: child) }
        return child
    }

    private func isSame(_ entry: Entry, _ key: UnsafePointer<UInt8>, _ length: Int) -> Bool {
        for index in 8..<length where names[Int(entry.name) + index] != key[index] { return false }
        return true
    }

    private func learn(_ parent: Int32, _ key: UnsafePointer<UInt8>, _ length: Int, child: Int32) {
        room -= 1
        let (first, last) = Self.ends(key, length)
        var place = Self.place(first, last, parent) & mask
        while entries[place].length != 0 { place = (place + 1) & mask }
        entries[place] = Entry(
            first: first,
            last: last,
            length: Int32(length),
            parent: parent,
            child: child,
            name: Int32(names.count)
        )
        if length > 16 { names.append(contentsOf: UnsafeBufferPointer(start: key, count: length)) }
    }

    @inline(__always)
    private static func ends(_ key: UnsafePointer<UInt8>, _ length: Int) -> (first: UInt64, last: UInt64) {
        let word = UnsafeRawPointer(key).loadUnaligned(as: UInt64.self)
        guard length > 8 else {
            return (length == 8 ? word : word & (1 << UInt64(truncatingIfNeeded: length * 8) &- 1), 0)
        }
        return (word, UnsafeRawPointer(key + length - 8).loadUnaligned(as: UInt64.self))
    }

    @inline(__always)
    private static func place(_ first: UInt64, _ last: UInt64, _ parent: Int32) -> Int {
        let mixed =
            (first ^ (last &* 0x9E37_79B9_7F4A_7C15) ^ UInt64(truncatingIfNeeded: parent)) &* 0xFF51_AFD7_ED55_8CCD
        return Int(truncatingIfNeeded: mixed >> 40)
    }
}
