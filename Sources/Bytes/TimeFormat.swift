/// A form of time in the letters of C's and Python's `strptime`.
public struct TimeFormat: Sendable, Equatable, CustomStringConvertible {
    /// As it is written.
    public let description: String
    private let parts: [Part]

    private enum Part: Sendable, Equatable {
        case year, shortYear, month, day, hour, hourOfTwelve, minute, second, fraction, half, zone, zoneName, dayOfYear
        case monthName, weekday, epoch
        /// One or more.
        case spaces
        case byte(UInt8)
    }

    private static let letters: [Character: [Part]] = [
        "Y": [.year], "y": [.shortYear], "m": [.month], "d": [.day], "e": [.day], "H": [.hour], "I": [.hourOfTwelve],
        "M": [.minute], "S": [.second], "f": [.fraction], "p": [.half], "z": [.zone], "Z": [.zoneName],
        "j": [.dayOfYear],
        "b": [.monthName], "B": [.monthName], "h": [.monthName], "a": [.weekday], "A": [.weekday], "s": [.epoch],
        "F": [.year, .byte(0x2D), .month, .byte(0x2D), .day],
        "T": [.hour, .byte(0x3A), .minute, .byte(0x3A), .second], "R": [.hour, .byte(0x3A), .minute],
        "D": [.month, .byte(0x2F), .day, .byte(0x2F), .shortYear], "n": [.spaces], "t": [.spaces], "%": [.byte(0x25)],
    ]

    /// What is wrong with a format, in words.
    public struct Fault: Error, Equatable {
        public var words: String
    }

    /// Reads a format such as `%Y-%m-%d %H:%M:%S`. Throws what in it is not understood.
    public init(_ text: String) throws(Fault) {
        description = text
        var parts: [Part] = []
        var characters = text.makeIterator()
        while let character = characters.next() {
            if character == " " || character == "\t" {
                if parts.last != .spaces { parts.append(.spaces) }
            } else if character == "%" {
                guard let letter = characters.next() else { throw Fault(words: "it ends with a %") }
                guard let meant = Self.letters[letter] else {
                    let known = Self.letters.keys.sorted().map { "%\($0)" }.joined(separator: " ")
                    throw Fault(words: "%\(letter) is none of \(known)")
                }
                parts += meant
            } else {
                parts += character.utf8.map { .byte($0) }
            }
        }
        self.parts = parts
        func has(_ wanted: Part...) -> Bool { parts.contains { wanted.contains($0) } }
        guard !has(.epoch) else { return }
        guard has(.year, .shortYear), has(.dayOfYear) || has(.day) && has(.month, .monthName) else {
            throw Fault(words: "it has no day, month and year")
        }
        guard has(.hourOfTwelve) == has(.half) else { throw Fault(words: "%I and %p go together") }
    }

    /// Whether a text in this form says how far it is from UTC.
    public var hasZone: Bool { parts.contains(.zone) || parts.contains(.zoneName) || parts.contains(.epoch) }

    /// The date and clock that a text has told so far.
    private struct Found {
        var year = 1970
        var month = 1
        var day = 1
        var dayOfYear: Int?
        var seconds = 0
        var fraction: Int64 = 0
        var isAfternoon: Bool?
        var zone = TimeCursor.Zone.local
        var epoch: Int64?
    }

    /// The instant of a text in this form, microseconds since 1970; nil if it is in another one.
    ///
    /// Numbers may have fewer digits than their field, as in Python; English names, in any case. `%f` has one digit to
    /// nine, of which six count; `%y` is 1969…2068; `%z` is an offset, or `Z`; `%Z` is `UTC`, `GMT` or nothing.
    public func instant(_ text: UnsafeBufferPointer<UInt8>, zone: LocalZone) -> Int64? {
        var cursor = TimeCursor(text)
        var found = Found()
        for part in parts { guard Self.read(part, &cursor, &found) else { return nil } }
        guard cursor.isAtEnd else { return nil }
        if let epoch = found.epoch { return epoch * 1_000_000 + found.fraction }
        if let isAfternoon = found.isAfternoon {
            // Twelve is the hour before one.
            let hour = found.seconds / 3600
            found.seconds += (hour % 12 - hour) * 3600 + (isAfternoon ? 43_200 : 0)
        }
        guard var midnight = TimeParser.midnight(found.year, found.month, found.day) else { return nil }
        if let day = found.dayOfYear {
            guard let first = TimeParser.midnight(found.year, 1, 1), let next = TimeParser.midnight(found.year, 12, 31),
                first + Int64(day - 1) * 86_400 <= next
            else { return nil }
            midnight = first + Int64(day - 1) * 86_400
        }
        return TimeParser.instant(midnight + Int64(found.seconds), found.fraction, found.zone, zone)
    }

    private static func read(_ part: Part, _ cursor: inout TimeCursor, _ found: inout Found) -> Bool {
        func number(_ digits: ClosedRange<Int>, _ range: ClosedRange<Int>) -> Int? {
            cursor.digits(digits).flatMap { range.contains($0) ? $0 : nil }
        }
        func set(_ value: Int?, _ body: (Int) -> Void) -> Bool {
            guard let value else { return false }
            body(value)
            return true
        }
        switch part {
        case .year: return set(number(4...4, 1900...2199)) { found.year = $0 }
        case .shortYear: return set(number(1...2, 0...99)) { found.year = $0 < 69 ? 2000 + $0 : 1900 + $0 }
        case .month: return set(number(1...2, 1...12)) { found.month = $0 }
        case .day: return set(number(1...2, 1...31)) { found.day = $0 }
        case .dayOfYear: return set(number(1...3, 1...366)) { found.dayOfYear = $0 }
        case .hour: return set(number(1...2, 0...23)) { found.seconds += $0 * 3600 }
        case .hourOfTwelve: return set(number(1...2, 1...12)) { found.seconds += $0 * 3600 }
        case .minute: return set(number(1...2, 0...59)) { found.seconds += $0 * 60 }
        case .second: return set(number(1...2, 0...59)) { found.seconds += $0 }
        case .monthName: return set(cursor.month()) { found.month = $0 }
        case .weekday: return cursor.weekday() != nil
        case .epoch: return set(cursor.digits(1...11)) { found.epoch = Int64($0) }
        case .fraction:
            let start = cursor.position
            guard let fraction = cursor.fraction(), cursor.position - start <= 9 else { return false }
            found.fraction = fraction
            return true
        case .half:
            // am, pm
            let word = cursor.letters().word
            found.isAfternoon = word == 0x706D
            return word == 0x706D || word == 0x616D
        case .zone:
            guard let seconds = cursor.offset() else { return false }
            found.zone = .seconds(seconds)
            return true
        case .zoneName:
            guard let byte = cursor.next, byte | 0x20 &- 0x61 < 26 else { return true }
            guard let seconds = cursor.offset() else { return false }
            found.zone = .seconds(seconds)
            return true
        case .spaces: return cursor.skipSpaces()
        case .byte(let byte): return cursor.take(byte)
        }
    }
}
