import Base
import Bytes
import CKernels
import Plan

/// Reads the usual event quickly: finds the structure of the whole line with vector compares, then goes from quote to
/// quote instead of from byte to byte.
///
/// Takes a line only if it is sure of it: valid JSON without escapes, every field once and of its type. For any other
/// it says no, and ``CarefulDecoder`` has the word.
final class IndexedDecoder {
    /// Deeper nesting is left to the careful way.
    private static let depthLimit = 32
    /// A longer line is, too: positions have 16 bits.
    private static let lineLimit = 65_535

    /// A line and how far it has been read.
    private struct Cursor {
        let bytes: UnsafePointer<UInt8>
        let positions: UnsafePointer<UInt16>
        /// Structure characters of the line, and how many have been taken.
        let count: Int
        var next = 0
        /// Behind the last byte that has been taken.
        var position = 0
        /// Fields that have had a value, by bit.
        var seen: UInt64 = 0
        let row: Int
        /// Where the line begins in the batch's bytes.
        let start: Int32

        @inline(__always)
        func at(_ index: Int) -> Int { Int(positions[index]) }

        /// Whether there is nothing but spaces up to a position.
        @inline(__always)
        func isBlank(upTo end: Int) -> Bool {
            var index = position
            while index < end {
                guard bytes[index] == 0x20 else { return false }
                index += 1
            }
            return true
        }
    }

    private let keys: KeyTable
    private let fields: FieldReader
    private let required: UInt64
    private let vectorWidth: Int32
    private let positions: UnsafeMutablePointer<UInt16>

    /// Nil for a schema that only the careful way knows: of more than 64 fields, or with a field inside of another one.
    init?(plan: PipelinePlan, vectorWidth: Int = 64) {
        let fields = plan.schema.fields
        keys = KeyTable(FieldTree(plan.schema))
        guard fields.count <= 64, !keys.hasOverlaps else { return nil }
        self.fields = FieldReader(plan: plan)
        required = fields.indices.reduce(0) { fields[$1].isRequired ? $0 | 1 << UInt64($1) : $0 }
        self.vectorWidth = Int32(vectorWidth)
        positions = .allocate(capacity: Self.lineLimit + 128)
    }

    deinit { positions.deallocate() }

    /// Fills the row of an event, whose bytes the batch holds already; false if the event must be read carefully, and
    /// the row is then as it was.
    func fill(_ batch: ColumnBatch, row: Int) -> Bool {
        let event = batch.events[row]
        guard event.count <= Self.lineLimit else { return false }
        let bytes = UnsafePointer(batch.payload.base) + Int(event.start)
        var flags: UInt32 = 0
        let count = pa_json_index(bytes, Int(event.count), positions, &flags, vectorWidth)
        guard flags & ~UInt32(PA_JSON_HIGH) == 0, count > 0 else { return false }
        if flags != 0, !UTF8Check.isValid(UnsafeBufferPointer(start: bytes, count: Int(event.count))) { return false }
        fields.bind(batch)
        var cursor = Cursor(bytes: bytes, positions: positions, count: count, row: row, start: event.start)
        let open = cursor.at(0)
        guard bytes[open] == 0x7B, cursor.isBlank(upTo: open) else { return false }
        cursor.next = 1
        cursor.position = open + 1
        if object(&cursor, node: 0, depth: 0), cursor.next == count, cursor.isBlank(upTo: Int(event.count)),
            cursor.seen & required == required
        {
            return true
        }
        batch.clear(row)
        return false
    }

    /// Reads an object behind its opening brace. A node of -1 is looked at for its form only.
    private func object(_ cursor: inout Cursor, node: Int32, depth: Int) -> Bool {
        guard cursor.next < cursor.count else { return false }
        if cursor.bytes[cursor.at(cursor.next)] == 0x7D { return close(&cursor) }
        while true {
            guard cursor.next + 3 < cursor.count else { return false }
            let open = cursor.at(cursor.next)
            let end = cursor.at(cursor.next + 1)
            let colon = cursor.at(cursor.next + 2)
            guard cursor.bytes[open] == 0x22, cursor.isBlank(upTo: open) else { return false }
            cursor.position = end + 1
            guard cursor.bytes[colon] == 0x3A, cursor.isBlank(upTo: colon) else { return false }
            cursor.position = colon + 1
            cursor.next += 3
            let child = node < 0 ? -1 : keys.find(node, cursor.bytes + open + 1, end - open - 1)
            guard child != KeyTable.similar, value(&cursor, node: child, depth: depth), cursor.next < cursor.count
            else {
                return false
            }
            let stop = cursor.at(cursor.next)
            guard cursor.bytes[stop] == 0x2C else { return cursor.bytes[stop] == 0x7D && close(&cursor) }
            guard cursor.isBlank(upTo: stop) else { return false }
            cursor.position = stop + 1
            cursor.next += 1
        }
    }

    /// Reads an array behind its opening bracket.
    private func array(_ cursor: inout Cursor, element: Int32, depth: Int) -> Bool {
        guard cursor.next < cursor.count else { return false }
        let first = cursor.at(cursor.next)
        if cursor.bytes[first] == 0x5D, cursor.isBlank(upTo: first) { return close(&cursor) }
        while true {
            guard value(&cursor, node: element, depth: depth), cursor.next < cursor.count else { return false }
            let stop = cursor.at(cursor.next)
            guard cursor.bytes[stop] == 0x2C else { return cursor.bytes[stop] == 0x5D && close(&cursor) }
            guard cursor.isBlank(upTo: stop) else { return false }
            cursor.position = stop + 1
            cursor.next += 1
        }
    }

    /// Takes a closing brace or bracket, which comes next.
    @inline(__always)
    private func close(_ cursor: inout Cursor) -> Bool {
        let stop = cursor.at(cursor.next)
        guard cursor.isBlank(upTo: stop) else { return false }
        cursor.position = stop + 1
        cursor.next += 1
        return true
    }

    @inline(__always)
    private func value(_ cursor: inout Cursor, node: Int32, depth: Int) -> Bool {
        while cursor.bytes[cursor.position] == 0x20 { cursor.position += 1 }
        let start = cursor.position
        guard cursor.next < cursor.count else { return false }
        let structure = cursor.at(cursor.next)
        let byte = cursor.bytes[start]
        let field = node < 0 ? -1 : keys.nodes[Int(node)].field
        if byte == 0x22 {
            // The quote is structure itself, and its partner comes next: strings hold none.
            let end = cursor.at(cursor.next + 1)
            cursor.next += 2
            cursor.position = end + 1
            return field < 0 || take(&cursor, field, .string, start + 1, end)
        }
        if byte == 0x7B || byte == 0x5B {
            return container(&cursor, node: node, field: field, isObject: byte == 0x7B, depth: depth)
        }
        var end = structure
        while end > start, cursor.bytes[end - 1] == 0x20 { end -= 1 }
        cursor.position = end
        guard end > start else { return false }
        guard field >= 0 else { return FieldReader.isScalar(cursor.bytes, start, end) }
        return take(&cursor, field, .scalar, start, end)
    }

    private func container(
        _ cursor: inout Cursor,
        node: Int32,
        field: Int32,
        isObject: Bool,
        depth: Int
    ) -> Bool {
        let start = cursor.position
        guard cursor.at(cursor.next) == start, depth < Self.depthLimit else { return false }
        cursor.next += 1
        cursor.position += 1
        var inner: Int32 = -1
        if node >= 0 {
            let place = keys.nodes[Int(node)]
            inner = isObject ? (place.hasKeys ? node : -1) : place.element
        }
        let isWhole =
            isObject
            ? object(&cursor, node: inner, depth: depth + 1) : array(&cursor, element: inner, depth: depth + 1)
        guard isWhole else { return false }
        return field < 0 || take(&cursor, field, .container, start, cursor.position)
    }

    /// Puts a value into its field's column: the content of a string, or the bytes of anything else.
    @inline(__always)
    private func take(
        _ cursor: inout Cursor,
        _ field: Int32,
        _ form: FieldReader.Form,
        _ start: Int,
        _ end: Int
    ) -> Bool {
        let outcome = fields.read(Int(field), form, cursor.bytes, start, end, row: cursor.row, shift: cursor.start)
        guard outcome != .unsure else { return false }
        guard outcome == .value else { return true }
        let bit: UInt64 = 1 << UInt64(truncatingIfNeeded: field)
        guard cursor.seen & bit == 0 else { return false }
        cursor.seen |= bit
        return true
    }
}
