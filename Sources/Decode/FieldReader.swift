import Base
import Bytes
import Plan

/// Turns the bytes of single values into the columns of a batch, for ``IndexedDecoder``: takes what is certainly right.
final class FieldReader {
    /// How a value is written.
    enum Form {
        case string, scalar, container
    }

    /// What became of a value.
    enum Outcome {
        /// A null, or an element of a list, of which there may be many.
        case nothing
        case value
        /// Wrong or unusual: the careful way must look at it.
        case unsure
    }

    private struct Slot {
        var type: Field.ValueType
        var isRequired: Bool
        var isTime: Bool
        var isID: Bool
        var hasColumn: Bool
        var minimum: Double
        var maximum: Double
        var numbers: UnsafeMutablePointer<Double>?
        var texts: UnsafeMutablePointer<Text>?
        var spans: UnsafeMutablePointer<ColumnBatch.ByteSpan>?
        /// The side column of a label.
        var labels: UnsafeMutablePointer<ColumnBatch.ByteSpan>?
        var isList: Bool
        /// Whether the schema has words for no value; texts are then compared with them.
        var hasNullWords: Bool
        /// Whether numbers and truths, or times, are spelled in a way of their own.
        var isStyled: Bool
    }

    private let slots: UnsafeMutablePointer<Slot>
    private let fieldCount: Int
    /// The batch whose columns the slots point to; whoever decodes holds it.
    private var batch: ObjectIdentifier?
    private var times: UnsafeMutablePointer<Int64>?
    private var ids: UnsafeMutablePointer<Text>?
    private var lists: [ColumnBatch.ListColumn?]
    private var clock: ClockReader
    private let values: [ValueStyle]
    private let styles: [TimeStyle]

    init(plan: PipelinePlan) {
        let fields = plan.schema.fields
        fieldCount = fields.count
        slots = .allocate(capacity: max(1, fields.count))
        lists = Array(repeating: nil, count: fields.count)
        clock = ClockReader(zone: plan.zone)
        values = fields.map(\.values)
        styles = fields.map(plan.times)
        for (index, field) in fields.enumerated() {
            (slots + index).initialize(
                to: Slot(
                    type: field.type,
                    isRequired: field.isRequired,
                    isTime: field.role == .time,
                    isID: field.role == .id,
                    hasColumn: field.hasColumn,
                    minimum: field.minimum ?? -.infinity,
                    maximum: field.maximum ?? .infinity,
                    isList: field.isList,
                    hasNullWords: field.values.nullWords != nil,
                    isStyled: Self.isStyled(field)
                )
            )
        }
    }

    deinit { slots.deallocate() }

    private static func isStyled(_ field: Field) -> Bool {
        switch field.type {
        case .number: !field.values.numbers.isPlain
        case .bool: field.values.trueWords != nil || field.values.falseWords != nil
        case .time: field.times.isRelative || !field.times.formats.isEmpty
        case .text, .json: false
        }
    }

    /// The columns of this batch are the ones to fill from now on.
    @inline(__always)
    func bind(_ batch: ColumnBatch) {
        if self.batch != ObjectIdentifier(batch) { rebind(batch) }
    }

    private func rebind(_ batch: ColumnBatch) {
        self.batch = ObjectIdentifier(batch)
        times = batch.times
        ids = batch.ids
        for field in 0..<fieldCount {
            let column = batch.columns[field]
            slots[field].numbers = column.numbers
            slots[field].texts = column.texts
            slots[field].spans = column.spans
            slots[field].labels = nil
            lists[field] = column.list
        }
        for (place, field) in batch.labelFields.enumerated() {
            slots[field].labels = batch.labels + place * batch.capacity
        }
    }

    /// Takes the value at `start ..< end`: a string's content, or all bytes of anything else.
    func read(
        _ field: Int,
        _ form: Form,
        _ bytes: UnsafePointer<UInt8>,
        _ start: Int,
        _ end: Int,
        row: Int,
        shift: Int32
    ) -> Outcome {
        let slot = slots + field
        if form == .scalar, bytes[start] == 0x6E {
            guard Self.isLiteral(bytes, start, end), slot.pointee.isList || !slot.pointee.isRequired else {
                return .unsure
            }
            return .nothing
        }
        if slot.pointee.hasNullWords, form != .container,
            values[field].isNull(UnsafeBufferPointer(start: bytes + start, count: end - start))
        {
            return slot.pointee.isRequired ? .unsure : .nothing
        }
        if slot.pointee.isList { return element(field, form, bytes, start, end) }
        if let labels = slot.pointee.labels {
            if form == .scalar, !slot.pointee.hasColumn, !Self.isScalar(bytes, start, end) { return .unsure }
            labels[row] = .init(start: shift + Int32(start), count: Int32(end - start))
            guard slot.pointee.hasColumn else { return .value }
        }
        switch slot.pointee.type {
        case .number:
            guard form == .scalar || form == .string && !slot.pointee.isStyled,
                let number = Self.number(bytes, start, end), number >= slot.pointee.minimum,
                number <= slot.pointee.maximum
            else { return .unsure }
            slot.pointee.numbers?[row] = number
        case .bool:
            guard !slot.pointee.isStyled, let truth = Self.truth(form, bytes, start, end) else { return .unsure }
            slot.pointee.numbers?[row] = truth ? 1 : 0
        case .time:
            let instant: Int64?
            switch form {
            case .string where slot.pointee.isStyled, .scalar where slot.pointee.isStyled:
                instant = styles[field].instant(UnsafeBufferPointer(start: bytes + start, count: end - start))
            case .string: instant = clock.instant(bytes + start, end - start)
            // Nanoseconds have more digits than a number here.
            case .scalar:
                instant = Self.number(bytes, start, end).flatMap { $0 < 7.3e15 ? TimeParser.epoch($0) : nil }
            case .container: return .unsure
            }
            guard let instant else { return .unsure }
            if slot.pointee.isTime { times?[row] = instant }
            slot.pointee.numbers?[row] = Double(instant) / 1_000_000
        case .text, .json:
            let isText = slot.pointee.type == .text
            var (first, last) = (start, end)
            switch form {
            case .string where !isText: (first, last) = (start - 1, end + 1)
            case .string: break
            case .scalar: guard Self.isScalar(bytes, start, end) else { return .unsure }
            case .container: guard !isText else { return .unsure }
            }
            let text = Text(UnsafeRawBufferPointer(start: bytes + first, count: last - first))
            slot.pointee.texts?[row] = text
            slot.pointee.spans?[row] = .init(start: shift + Int32(first), count: Int32(last - first))
            if slot.pointee.isID { ids?[row] = text }
        }
        return .value
    }

    private func element(
        _ field: Int,
        _ form: Form,
        _ bytes: UnsafePointer<UInt8>,
        _ start: Int,
        _ end: Int
    ) -> Outcome {
        guard let list = lists[field] else { return .unsure }
        switch slots[field].type {
        case .text:
            guard form == .string || form == .scalar && Self.isScalar(bytes, start, end) else { return .unsure }
            list.texts.append(Text(UnsafeRawBufferPointer(start: bytes + start, count: end - start)))
        case .number:
            guard form == .scalar || form == .string && !slots[field].isStyled,
                let number = Self.number(bytes, start, end)
            else { return .unsure }
            list.numbers.append(number)
        default: return .unsure
        }
        return .nothing
    }

    /// A whole, finite number.
    @inline(__always)
    private static func number(_ bytes: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Double? {
        var position = start
        guard let number = NumberParser.parse(bytes, &position, end: end), position == end, number.isFinite else {
            return nil
        }
        return number
    }

    /// A word for true or false in quotes; without them only JSON's, and 1 and 0.
    @inline(__always)
    private static func truth(_ form: Form, _ bytes: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Bool? {
        switch form {
        case .scalar where isLiteral(bytes, start, end): bytes[start] == 0x74
        case .scalar where end - start == 1 && bytes[start] | 1 == 0x31: bytes[start] == 0x31
        case .string: TextValue.truth(UnsafeBufferPointer(start: bytes + start, count: end - start))
        case .scalar, .container: nil
        }
    }

    /// Whether the bytes are a number, or `true`, `false` or `null`.
    static func isScalar(_ bytes: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Bool {
        guard bytes[start] == 0x2D || bytes[start] &- 0x30 < 10 else { return isLiteral(bytes, start, end) }
        var position = start
        return NumberParser.skip(bytes, &position, end: end) && position == end
    }

    private static func isLiteral(_ bytes: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Bool {
        let word = UnsafeRawPointer(bytes + start).loadUnaligned(as: UInt32.self)
        switch end - start {
        case 4: return word == 0x6575_7274 || word == 0x6C6C_756E
        case 5: return word == 0x736C_6166 && bytes[start + 4] == 0x65
        default: return false
        }
    }
}
