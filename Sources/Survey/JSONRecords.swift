import Bytes

/// Takes JSON objects apart into the columns of a block: a member of an object in an object is the column
/// `outer.inner`, an element of a list `list[]`.
public struct JSONRecords {
    /// A place in the objects, whose values are a column once there are some.
    private final class Node {
        let path: String
        var column: Int?
        var names: [[UInt8]] = []
        var members: [Node] = []
        var element: Node?
        /// The member that is expected next: objects of one file mostly have one order.
        var next = 0

        init(_ path: String) { self.path = path }
    }

    private let root = Node("")
    private let block: RecordBlock
    private var columnCount = 0

    /// More columns are not followed: keys that are data would take memory without an end.
    public static let columnLimit = 2000
    /// Whether there were more.
    public private(set) var hasMoreColumns = false

    public init(block: RecordBlock) {
        self.block = block
    }

    /// Adds an object to the block; `null` and an empty string are no values.
    ///
    /// - Throws: ``Bytes/JSONFault`` if it is none; then nothing is added.
    public mutating func add(_ record: UnsafeBufferPointer<UInt8>, line: Int) throws(JSONFault) {
        let start = block.beginRecord(record, line: line)
        var scanner = JSONScanner(record)
        do throws(JSONFault) {
            guard try scanner.peek() == 0x7B else { throw JSONFault(.unexpectedByte, at: scanner.position) }
            try object(&scanner, root, depth: 0, start)
            scanner.skipSpace()
            guard scanner.position == scanner.end else { throw JSONFault(.trailingBytes, at: scanner.position) }
        } catch {
            block.dropRecord()
            throw error
        }
    }

    private mutating func object(
        _ scanner: inout JSONScanner,
        _ node: Node,
        depth: Int,
        _ start: Int
    ) throws(JSONFault) {
        guard depth < JSONScanner.depthLimit else { throw JSONFault(.tooDeep, at: scanner.position) }
        try scanner.take(0x7B)
        node.next = 0
        if try scanner.peek() == 0x7D { return try scanner.take(0x7D) }
        while true {
            _ = try scanner.peek()
            let key = try scanner.string()
            let member = member(of: node, scanner, key)
            try scanner.take(0x3A)
            if let member {
                try value(&scanner, member, depth: depth + 1, start)
            } else {
                try scanner.skipValue(depth: depth + 1)
            }
            guard try scanner.peek() == 0x2C else { return try scanner.take(0x7D) }
            scanner.position += 1
        }
    }

    private mutating func member(
        of node: Node,
        _ scanner: JSONScanner,
        _ key: (start: Int, end: Int, hasEscapes: Bool)
    ) -> Node? {
        func isKey(_ name: [UInt8]) -> Bool {
            guard name.count == key.end - key.start else { return false }
            for index in name.indices where name[index] != scanner.bytes[key.start + index] { return false }
            return true
        }
        if !key.hasEscapes {
            if node.next < node.names.count, isKey(node.names[node.next]) {
                node.next += 1
                return node.members[node.next - 1]
            }
            if let index = node.names.firstIndex(where: isKey) {
                node.next = index + 1
                return node.members[index]
            }
        }
        let name =
            key.hasEscapes
            ? scanner.unescaped(from: key.start, to: key.end)
            : Array(UnsafeBufferPointer(start: scanner.bytes + key.start, count: key.end - key.start))
        if key.hasEscapes, let index = node.names.firstIndex(of: name) { return node.members[index] }
        guard columnCount < Self.columnLimit else {
            hasMoreColumns = true
            return nil
        }
        columnCount += 1
        let text = String(decoding: name, as: UTF8.self)
        let member = Node(node.path.isEmpty ? text : node.path + "." + text)
        node.names.append(name)
        node.members.append(member)
        node.next = node.names.count
        return member
    }

    private mutating func value(
        _ scanner: inout JSONScanner,
        _ node: Node,
        depth: Int,
        _ start: Int
    ) throws(JSONFault) {
        let byte = try scanner.peek()
        let first = scanner.position
        switch byte {
        case 0x22:
            let content = try scanner.string()
            if content.hasEscapes {
                let text = scanner.unescaped(from: content.start, to: content.end)
                guard !text.isEmpty else { return }
                let place = text.withUnsafeBufferPointer { block.append($0) }
                block.add(column(of: node), start: place, count: text.count, .text)
            } else if content.end > content.start {
                let count = content.end - content.start
                block.add(column(of: node), start: start + content.start, count: count, .text)
            }
        case 0x7B: try object(&scanner, node, depth: depth, start)
        case 0x5B: try list(&scanner, node, depth: depth, start)
        case 0x6E: try scanner.literal(byte)
        case 0x74, 0x66:
            try scanner.literal(byte)
            block.add(column(of: node), start: start + first, count: scanner.position - first, .bool)
        default:
            _ = try scanner.number()
            block.add(column(of: node), start: start + first, count: scanner.position - first, .number)
        }
    }

    private mutating func list(
        _ scanner: inout JSONScanner,
        _ node: Node,
        depth: Int,
        _ start: Int
    ) throws(JSONFault) {
        guard depth < JSONScanner.depthLimit else { throw JSONFault(.tooDeep, at: scanner.position) }
        let element = node.element ?? Node(node.path + "[]")
        node.element = element
        try scanner.take(0x5B)
        if try scanner.peek() == 0x5D { return try scanner.take(0x5D) }
        while true {
            try value(&scanner, element, depth: depth + 1, start)
            guard try scanner.peek() == 0x2C else { return try scanner.take(0x5D) }
            scanner.position += 1
        }
    }

    /// The column of a place: that of the same path in a file that was begun before, or a new one.
    private func column(of node: Node) -> Int {
        if let column = node.column { return column }
        let column = block.paths.firstIndex(of: node.path) ?? block.addColumn(node.path)
        node.column = column
        return column
    }
}
