import Bytes

/// What is learned of one column, value by value, in memory that does not grow with the file.
final class ColumnSurvey {
    let path: String
    private let hasDecimalComma: Bool

    /// Values that are there and no word for null.
    private(set) var count = 0
    /// Words for null, and which.
    private(set) var nullWordCount = 0
    private(set) var nullWords: [String] = []
    /// Values that JSON has as numbers, or as true and false.
    private(set) var numberKinds = 0
    private(set) var boolKinds = 0

    private(set) var number = Reading()
    private(set) var truth = Reading()
    /// Times of a day alone.
    private(set) var clocks = 0
    /// Those of ``times`` that are still tried.
    private var open = Array(TimeForm.texts.indices)
    private(set) var times = TimeForm.texts.map {
        (form: $0, style: $0.style, reading: Reading(), range: TimeRangeSurvey())
    }
    private(set) var numbers = QuantileSketch()
    /// Numbers without a fraction, those spelled as a code is (`007`), and those that are less than the one before.
    private(set) var wholes = 0
    private(set) var leadingZeros = 0
    private(set) var descents = 0
    private var previous = -Double.infinity
    /// Of the numbers of labelled events, and of all: to see whether they differ.
    private(set) var moments = Moments()
    private(set) var labelledMoments = Moments()

    let keys: KeySample
    private(set) var frequent = FrequentValues()
    /// What is between two events of one key.
    private(set) var order = KeyOrder()
    private(set) var longest = 0
    private var spelling: [UInt8] = []
    /// Numbers with signs between thousands, a currency, brackets around them: how, and how many.
    private let decorated: NumberStyle
    private(set) var decorations = 0

    /// Sums, for a mean and a deviation that need not be exact.
    struct Moments {
        var count = 0.0
        var sum = 0.0
        var squares = 0.0

        mutating func add(_ value: Double) {
            count += 1
            sum += value
            squares += value * value
        }

        var mean: Double { sum / count }
        var deviation: Double { max(0, squares / count - mean * mean).squareRoot() }
    }

    /// What the rows of a block have beside their values.
    struct Rows {
        /// Each row's time, microseconds; `Int64.min` without one.
        var times: [Int64] = []
        /// Whether a label says that the row is one of those that are looked for.
        var isLabelled: [Bool] = []
    }

    init(_ path: String, keyLimit: Int, hasDecimalComma: Bool) {
        self.path = path
        self.hasDecimalComma = hasDecimalComma
        var style = NumberStyle()
        style.hasDecimalComma = hasDecimalComma
        style.thousands = hasDecimalComma ? nil : 0x2C
        style.hasCurrency = true
        style.isAccounting = true
        decorated = style
        keys = KeySample(limit: keyLimit)
    }

    /// Looks at a column's values of a block.
    func take(_ values: [RecordBlock.Value], _ block: RecordBlock, _ rows: Rows) {
        for value in values {
            let bytes = UnsafePointer(block.bytes + Int(value.start))
            let length = Int(value.count)
            let row = Int(value.row)
            if value.kind == .text, NullWord.isOne(bytes, length) {
                noteNull(bytes, length)
                continue
            }
            count += 1
            longest = max(longest, length)
            let hash = ValueHash.hash(bytes, length)
            frequent.add(hash, bytes, length)
            if let slot = keys.add(hash), !rows.times.isEmpty, rows.times[row] != .min {
                order.note(rows.times[row], &keys.notes[slot], isFirst: keys.counts[slot] == 1)
            }
            let isLabelled = !rows.isLabelled.isEmpty && rows.isLabelled[row]
            read(value.kind, bytes, length, block.lines[row], isLabelled)
        }
    }

    private func noteNull(_ bytes: UnsafePointer<UInt8>, _ length: Int) {
        nullWordCount += 1
        guard nullWords.count < 8 else { return }
        let word = String(decoding: UnsafeBufferPointer(start: bytes, count: length), as: UTF8.self)
        if !nullWords.contains(word) { nullWords.append(word) }
    }

    private func read(
        _ kind: RecordBlock.Kind,
        _ bytes: UnsafePointer<UInt8>,
        _ length: Int,
        _ line: Int,
        _ isLabelled: Bool
    ) {
        let text = UnsafeBufferPointer(start: bytes, count: length)
        switch kind {
        case .number: numberKinds += 1
        case .bool: boolKinds += 1
        case .text, .json: break
        }
        if number.isOpen {
            if kind != .bool, let value = numberValue(kind, text), value.isFinite {
                number.hit()
                note(value, text, isLabelled)
            } else {
                number.miss(line, bytes, length, isText: kind == .text)
            }
        }
        if truth.isOpen {
            let isWord = kind == .bool || kind == .text && length <= 5 && TextValue.truth(text) != nil
            if isWord { truth.hit() } else { truth.miss(line, bytes, length, isText: kind == .text) }
        }
        guard kind == .text else { return }
        if Self.isClock(text) { clocks += 1 }
        guard !open.isEmpty else { return }
        for index in open {
            if let instant = Self.instant(times[index].form, times[index].style, text) {
                times[index].reading.hit()
                times[index].range.note(instant, text)
            } else {
                times[index].reading.miss(line, bytes, length)
            }
        }
        if open.contains(where: { !times[$0].reading.isOpen }) { open.removeAll { !times[$0].reading.isOpen } }
    }

    /// `8:00`, `08:00:11`, `08:00:11.5`
    private static func isClock(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard (4...15).contains(text.count), text[1] == 0x3A || text[2] == 0x3A else { return false }
        let parts = text.split(separator: 0x3A)
        return (2...3).contains(parts.count)
            && parts.allSatisfy { part in part.allSatisfy { $0 &- 0x30 < 10 || $0 == 0x2E } }
            && parts.prefix(2).allSatisfy { (1...2).contains($0.count) }
    }

    private func note(_ value: Double, _ text: UnsafeBufferPointer<UInt8>, _ isLabelled: Bool) {
        numbers.add(value)
        if value.rounded() == value { wholes += 1 }
        if text.count > 1, text[0] == 0x30, text[1] &- 0x30 < 10 { leadingZeros += 1 }
        if value < previous { descents += 1 }
        previous = value
        moments.add(value)
        if isLabelled { labelledMoments.add(value) }
    }

    /// A number as the file spells its numbers.
    func numberValue(_ kind: RecordBlock.Kind, _ text: UnsafeBufferPointer<UInt8>) -> Double? {
        guard kind == .text else { return TextValue.number(text) }
        if !hasDecimalComma, let number = TextValue.number(text) { return number }
        if hasDecimalComma, NumberStyle.decimalComma.spell(text, into: &spelling) { return spelled }
        guard text.count <= 32, decorated.spell(text, into: &spelling), !isCode, let number = spelled else {
            return nil
        }
        decorations += 1
        return number
    }

    /// Whether what is spelled has a zero in front of other digits: `EUR0012` is a code.
    private var isCode: Bool {
        let digits = spelling.drop { $0 == 0x2D }.prefix(2)
        return digits.count == 2 && digits.first == 0x30 && digits.last.map { $0 &- 0x30 < 10 } ?? false
    }

    private var spelled: Double? { spelling.withUnsafeBufferPointer { TextValue.number($0) } }

    /// The instant of a text. A number alone is none here: its column is one of numbers.
    private static func instant(_ form: TimeForm, _ style: TimeStyle, _ text: UnsafeBufferPointer<UInt8>) -> Int64? {
        form == .known ? TimeParser.instant(TextValue.trimmed(text)) : style.instant(text)
    }
}
