import Base
import Bytes
import Plan

/// Reads one event byte by byte: whatever the line holds, it says what is wrong with it, and where.
///
/// The whole line is checked, skipped values included. Slower than ``IndexedDecoder``, which must agree with it on
/// every line that it takes.
final class CarefulDecoder {
    private let schema: Schema
    private let values: [ValueStyle]
    private let times: [TimeStyle]
    private let tree: FlatFieldTree
    private let names: FieldTree
    private let timeField: Int
    private let idField: Int
    /// Which label column a field is, or -1.
    private let labelSlot: [Int]
    private let required: [Int]
    /// The last row that set a field: finds missing and repeated fields without clearing anything per row.
    private let seenIn: UnsafeMutablePointer<Int>
    /// The last row that set a field by a name that is only similar.
    private let similarIn: UnsafeMutablePointer<Int>
    /// Whether a name on the way to the value is only similar to its key.
    private var isSimilar = false
    private var similarRefusal: (field: Int, Refusal)?
    private var serial = 0

    /// What stops a row.
    private enum Refusal: Error {
        case json(JSONFault)
        case field(Int, StaticString)
    }

    init(plan: PipelinePlan) {
        schema = plan.schema
        values = plan.schema.fields.map(\.values)
        times = plan.schema.fields.map(plan.times)
        names = FieldTree(plan.schema)
        tree = FlatFieldTree(names)
        timeField = plan.schema.index(ofRole: .time) ?? -1
        idField = plan.schema.index(ofRole: .id) ?? -1
        var slots = Array(repeating: -1, count: plan.schema.fields.count)
        var next = 0
        for (index, field) in plan.schema.fields.enumerated() where field.role == .label {
            slots[index] = next
            next += 1
        }
        labelSlot = slots
        // By name: which one of several is missed first is not to hang on the order in the pipeline file.
        required = plan.schema.fields.indices.filter { plan.schema.fields[$0].isRequired }
            .sorted { plan.schema.fields[$0].name.utf8.lexicographicallyPrecedes(plan.schema.fields[$1].name.utf8) }
        let places = max(1, plan.schema.fields.count)
        seenIn = .allocate(capacity: places)
        seenIn.initialize(repeating: 0, count: places)
        similarIn = .allocate(capacity: places)
        similarIn.initialize(repeating: 0, count: places)
    }

    deinit {
        seenIn.deallocate()
        similarIn.deallocate()
    }

    /// Fills the row of an event, whose bytes the batch holds already.
    ///
    /// - Returns: what is wrong with the event, if anything is.
    func fill(_ batch: ColumnBatch, row: Int) -> ColumnBatch.Rejection? {
        let event = batch.events[row]
        let line = batch.payload[Int(event.start)..<Int(event.start + event.count)]
        serial += 1
        do throws(Refusal) {
            try fill(line, batch, row)
        } catch {
            return describe(error)
        }
        return UTF8Check.isValid(line) ? nil : .init(reason: "invalid UTF-8")
    }

    private func describe(_ refusal: Refusal) -> ColumnBatch.Rejection {
        switch refusal {
        case .json(let fault): .init(reason: fault.words)
        case .field(let field, let reason): .init(field: schema.fields[field].name, reason: reason.description)
        }
    }

    private func fill(_ line: UnsafeBufferPointer<UInt8>, _ batch: ColumnBatch, _ row: Int) throws(Refusal) {
        var scanner = JSONScanner(line)
        similarRefusal = nil
        let shift = batch.events[row].start
        do throws(JSONFault) {
            guard try scanner.peek() == 0x7B else { throw JSONFault(.unexpectedByte, at: scanner.position) }
        } catch { throw .json(error) }
        var refusal: Refusal?
        do throws(Refusal) {
            try object(&scanner, node: 0, depth: 0, batch, row, shift)
        } catch {
            // A value of the wrong kind does not hide that the line is broken further on.
            guard case .field = error else { throw error }
            refusal = error
        }
        if let refusal {
            var whole = JSONScanner(line)
            do throws(JSONFault) { try whole.skipValue() } catch { throw .json(error) }
            throw refusal
        }
        scanner.skipSpace()
        guard scanner.position == scanner.end else {
            throw .json(JSONFault(.trailingBytes, at: scanner.position))
        }
        if let (field, refusal) = similarRefusal, similarIn[field] == serial { throw refusal }
        for field in required where seenIn[field] != serial { throw .field(field, "is missing") }
    }

    /// Goes into an object or a list; false if nothing is in it, and it is behind it then.
    private func enter(
        _ scanner: inout JSONScanner,
        _ start: UInt8,
        _ end: UInt8,
        depth: Int
    ) throws(Refusal) -> Bool {
        do throws(JSONFault) {
            guard depth < JSONScanner.depthLimit else { throw JSONFault(.tooDeep, at: scanner.position) }
            try scanner.take(start)
            guard try scanner.peek() == end else { return true }
            scanner.position += 1
            return false
        } catch { throw .json(error) }
    }

    /// Whether another member or element comes; behind the object or list if not.
    private func goesOn(_ scanner: inout JSONScanner, _ end: UInt8) throws(Refusal) -> Bool {
        do throws(JSONFault) {
            guard try scanner.peek() == 0x2C else {
                try scanner.take(end)
                return false
            }
            scanner.position += 1
            return true
        } catch { throw .json(error) }
    }

    private func object(
        _ scanner: inout JSONScanner,
        node: Int,
        depth: Int,
        _ batch: ColumnBatch,
        _ row: Int,
        _ shift: Int32
    ) throws(Refusal) {
        guard try enter(&scanner, 0x7B, 0x7D, depth: depth) else { return }
        let outer = isSimilar
        defer { isSimilar = outer }
        while true {
            var child = -1
            do throws(JSONFault) {
                _ = try scanner.peek()
                let key = try scanner.string()
                isSimilar = outer
                if key.hasEscapes {
                    let name = scanner.unescaped(from: key.start, to: key.end)
                    child = name.withUnsafeBufferPointer { find(node, $0) }
                } else {
                    let name = UnsafeBufferPointer(start: scanner.bytes + key.start, count: key.end - key.start)
                    child = find(node, name)
                }
                try scanner.take(0x3A)
                if child < 0 { try scanner.skipValue(depth: depth + 1) }
            } catch { throw .json(error) }
            if child >= 0 { try value(&scanner, node: child, depth: depth + 1, batch, row, shift) }
            guard try goesOn(&scanner, 0x7D) else { return }
        }
    }

    /// The node that a name leads to, or -1; notes if it is only similar to a key.
    private func find(_ node: Int, _ name: UnsafeBufferPointer<UInt8>) -> Int {
        guard let base = name.baseAddress, !name.isEmpty else { return -1 }
        let child = tree.find(node, base, name.count)
        guard child < 0, let similar = names.similar(node, to: name) else { return child }
        isSimilar = true
        return similar
    }

    private func value(
        _ scanner: inout JSONScanner,
        node: Int,
        depth: Int,
        _ batch: ColumnBatch,
        _ row: Int,
        _ shift: Int32
    ) throws(Refusal) {
        let place = tree.nodes[node]
        let byte: UInt8
        do throws(JSONFault) { byte = try scanner.peek() } catch { throw .json(error) }
        let start = scanner.position
        let field = Int(place.field)
        if field >= 0 {
            let hasBelow = place.keyCount > 0 || place.element >= 0
            if isSimilar {
                try readSimilar(&scanner, field, byte, batch, row, shift)
            } else {
                try read(&scanner, field, byte, batch, row, shift)
            }
            guard hasBelow, byte == 0x7B || byte == 0x5B else { return }
            scanner.position = start
        }
        if byte == 0x7B, place.keyCount > 0 {
            try object(&scanner, node: node, depth: depth, batch, row, shift)
        } else if byte == 0x5B, place.element >= 0 {
            try array(&scanner, element: Int(place.element), depth: depth, batch, row, shift)
        } else if field < 0 {
            do throws(JSONFault) { try scanner.skipValue(depth: depth) } catch { throw .json(error) }
        }
    }

    /// What is wrong with a value of a name that is only similar counts if the event has none of the same name.
    private func readSimilar(
        _ scanner: inout JSONScanner,
        _ field: Int,
        _ byte: UInt8,
        _ batch: ColumnBatch,
        _ row: Int,
        _ shift: Int32
    ) throws(Refusal) {
        let start = scanner.position
        do throws(Refusal) {
            try read(&scanner, field, byte, batch, row, shift)
        } catch {
            guard case .field(let field, _) = error else { throw error }
            seenIn[field] = 0
            if similarRefusal == nil { similarRefusal = (field, error) }
            scanner.position = start
            do throws(JSONFault) { try scanner.skipValue() } catch { throw .json(error) }
        }
    }

    private func array(
        _ scanner: inout JSONScanner,
        element: Int,
        depth: Int,
        _ batch: ColumnBatch,
        _ row: Int,
        _ shift: Int32
    ) throws(Refusal) {
        guard try enter(&scanner, 0x5B, 0x5D, depth: depth) else { return }
        while true {
            try value(&scanner, node: element, depth: depth + 1, batch, row, shift)
            guard try goesOn(&scanner, 0x5D) else { return }
        }
    }
}

extension CarefulDecoder {
    /// Reads the value of a field into its column.
    private func read(
        _ scanner: inout JSONScanner,
        _ field: Int,
        _ byte: UInt8,
        _ batch: ColumnBatch,
        _ row: Int,
        _ shift: Int32
    ) throws(Refusal) {
        let start = scanner.position
        if isSimilar || similarIn[field] == serial {
            // The name that is the same counts, else the first one that is similar; null is no value.
            guard isSimilar ? seenIn[field] != serial : byte != 0x6E else {
                do throws(JSONFault) { return try scanner.skipValue() } catch { throw .json(error) }
            }
            seenIn[field] = 0
            similarIn[field] = isSimilar ? serial : 0
        }
        if values[field].nullWords != nil, try skipsNullWord(&scanner, field, byte) { return }
        if let list = batch.columns[field].list {
            return try readElement(&scanner, field, byte, list)
        }
        if seenIn[field] == serial { throw .field(field, "occurs twice") }
        if byte == 0x6E {
            do throws(JSONFault) { try scanner.literal(byte) } catch { throw .json(error) }
            if schema.fields[field].isRequired { throw .field(field, "is null") }
            return
        }
        seenIn[field] = serial
        if labelSlot[field] >= 0 {
            do throws(JSONFault) { try scanner.skipValue() } catch { throw .json(error) }
            let quotes = byte == 0x22 ? 1 : 0
            batch.labels[labelSlot[field] * batch.capacity + row] = .init(
                start: shift + Int32(start + quotes),
                count: Int32(scanner.position - start - 2 * quotes)
            )
            guard schema.fields[field].hasColumn else { return }
            scanner.position = start
        }
        switch schema.fields[field].type {
        case .number:
            guard byte == 0x22 || byte == 0x2D || byte &- 0x30 < 10 else { throw .field(field, "is not a number") }
            guard let number = try number(&scanner, field, byte) else { return unsee(field) }
            guard number.isFinite else { throw .field(field, "is too large for a number") }
            if let least = schema.fields[field].minimum, number < least {
                throw .field(field, "is below the least value that the schema accepts")
            }
            if let largest = schema.fields[field].maximum, number > largest {
                throw .field(field, "is above the largest value that the schema accepts")
            }
            batch.columns[field].numbers?[row] = number
        case .bool:
            guard let truth = try truth(&scanner, field, byte) else { return unsee(field) }
            batch.columns[field].numbers?[row] = truth ? 1 : 0
        case .time: try readTime(&scanner, field, byte, batch, row)
        case .text, .json:
            let isText = schema.fields[field].type == .text
            if isText, byte == 0x7B || byte == 0x5B { throw .field(field, "is not a text") }
            let text = try readText(&scanner, byte, wholeStrings: !isText)
            batch.columns[field].texts?[row] = text.value
            batch.columns[field].spans?[row] = .init(
                start: shift + Int32(text.start),
                count: Int32(text.end - text.start)
            )
            if field == idField { batch.ids[row] = text.value }
        }
    }

    /// Passes over a value that is one of the schema's words for none.
    private func skipsNullWord(_ scanner: inout JSONScanner, _ field: Int, _ byte: UInt8) throws(Refusal) -> Bool {
        guard byte != 0x7B, byte != 0x5B else { return false }
        var ahead = scanner
        if byte == 0x22 {
            guard try text(&ahead).isNull(values[field]) else { return false }
        } else {
            do throws(JSONFault) { try ahead.skipValue() } catch { throw .json(error) }
            let spelling = UnsafeBufferPointer(
                start: scanner.bytes + scanner.position,
                count: ahead.position - scanner.position
            )
            guard values[field].isNull(spelling) else { return false }
        }
        scanner = ahead
        return true
    }

    private func readElement(
        _ scanner: inout JSONScanner,
        _ field: Int,
        _ byte: UInt8,
        _ list: ColumnBatch.ListColumn
    ) throws(Refusal) {
        guard byte != 0x6E else {
            do throws(JSONFault) { return try scanner.literal(byte) } catch { throw .json(error) }
        }
        switch schema.fields[field].type {
        case .text, .json:
            let isText = schema.fields[field].type == .text
            if isText, byte == 0x7B || byte == 0x5B { throw .field(field, "is not a list of texts") }
            list.texts.append(try readText(&scanner, byte, wholeStrings: !isText).value)
        case .number, .time:
            guard byte == 0x22 || byte == 0x2D || byte &- 0x30 < 10 else {
                throw .field(field, "is not a list of numbers")
            }
            if let number = try number(&scanner, field, byte) { list.numbers.append(number) }
        case .bool: if let truth = try truth(&scanner, field, byte) { list.numbers.append(truth ? 1 : 0) }
        }
    }

    /// A string's content, or the bytes of any other value.
    private func readText(
        _ scanner: inout JSONScanner,
        _ byte: UInt8,
        wholeStrings: Bool
    ) throws(Refusal) -> (value: Text, start: Int, end: Int) {
        let start = scanner.position
        do throws(JSONFault) {
            if byte == 0x22, !wholeStrings {
                let content = try scanner.string()
                if content.hasEscapes {
                    let plain = scanner.unescaped(from: content.start, to: content.end)
                    return (plain.withUnsafeBytes { Text($0) }, content.start, content.end)
                }
                let bytes = UnsafeRawBufferPointer(
                    start: scanner.bytes + content.start,
                    count: content.end - content.start
                )
                return (Text(bytes), content.start, content.end)
            }
            try scanner.skipValue()
            let bytes = UnsafeRawBufferPointer(start: scanner.bytes + start, count: scanner.position - start)
            return (Text(bytes), start, scanner.position)
        } catch { throw .json(error) }
    }

    /// What was there is no value.
    private func unsee(_ field: Int) { seenIn[field] = 0 }

    /// A number, in quotes or not; nil if it is a blank string: no value.
    private func number(_ scanner: inout JSONScanner, _ field: Int, _ byte: UInt8) throws(Refusal) -> Double? {
        guard byte == 0x22 else {
            do throws(JSONFault) { return try scanner.number() } catch { throw .json(error) }
        }
        let text = try text(&scanner)
        if text.isNull(values[field]) { return nil }
        guard let number = text.number(values[field]) else { throw .field(field, text.numberFault(values[field])) }
        return number
    }

    /// True or false, or a word for it in quotes; nil if it is a blank string: no value.
    private func truth(_ scanner: inout JSONScanner, _ field: Int, _ byte: UInt8) throws(Refusal) -> Bool? {
        var truth: Bool?
        switch byte {
        case 0x22:
            let text = try text(&scanner)
            if text.isNull(values[field]) { return nil }
            truth = text.truth(values[field])
        case 0x74, 0x66:
            do throws(JSONFault) { try scanner.literal(byte) } catch { throw .json(error) }
            truth = byte == 0x74
        case 0x2D, 0x30...0x39:
            let start = scanner.position
            do throws(JSONFault) { _ = try scanner.number() } catch { throw .json(error) }
            truth = values[field].truth(.init(start: scanner.bytes + start, count: scanner.position - start))
        default: break
        }
        guard let truth else { throw .field(field, "is not true or false") }
        return truth
    }

    private func text(_ scanner: inout JSONScanner) throws(Refusal) -> StringValue {
        do throws(JSONFault) { return try StringValue(&scanner) } catch { throw .json(error) }
    }

    private func readTime(
        _ scanner: inout JSONScanner,
        _ field: Int,
        _ byte: UInt8,
        _ batch: ColumnBatch,
        _ row: Int
    ) throws(Refusal) {
        var instant: Int64?
        if byte == 0x22 {
            let text = try text(&scanner)
            if text.isNull(values[field]) { return unsee(field) }
            instant = text.instant(times[field])
        } else {
            do throws(JSONFault) {
                if byte == 0x2D || byte &- 0x30 < 10 {
                    let start = scanner.position
                    _ = try scanner.number()
                    let count = scanner.position - start
                    instant = times[field].instant(ofNumber: .init(start: scanner.bytes + start, count: count))
                } else {
                    try scanner.skipValue()
                }
            } catch { throw .json(error) }
        }
        guard let instant else { throw .field(field, "is not a time") }
        if field == timeField { batch.times[row] = instant }
        batch.columns[field].numbers?[row] = Double(instant) / 1_000_000
    }
}
