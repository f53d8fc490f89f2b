/// Goes over a text that may be a time.
struct TimeCursor {
    let text: UnsafeBufferPointer<UInt8>
    var position = 0

    init(_ text: UnsafeBufferPointer<UInt8>, at position: Int = 0) {
        self.text = text
        self.position = position
    }

    var isAtEnd: Bool { position >= text.count }
    var next: UInt8? { position < text.count ? text[position] : nil }

    mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    /// Whether there was at least one.
    @discardableResult
    mutating func skipSpaces() -> Bool {
        let start = position
        while next == 0x20 || next == 0x09 { position += 1 }
        return position > start
    }

    /// A number of so many digits, as many as there are.
    mutating func digits(_ count: ClosedRange<Int>) -> Int? {
        var value = 0
        let start = position
        while position - start < count.upperBound, let byte = next, byte &- 0x30 < 10 {
            value = value * 10 + Int(byte &- 0x30)
            position += 1
        }
        return position - start >= count.lowerBound ? value : nil
    }

    /// Microseconds of a fraction; digits behind the sixth are cut off.
    mutating func fraction() -> Int64? {
        let start = position
        var value: Int64 = 0
        var scale: Int64 = 100_000
        while let byte = next, byte &- 0x30 < 10 {
            value += Int64(byte &- 0x30) * scale
            scale /= 10
            position += 1
        }
        return position > start ? value : nil
    }

    /// The letters that are next, in small ones, as one word of eight; longer ones are cut.
    mutating func letters() -> (word: UInt64, count: Int) {
        var word: UInt64 = 0
        let start = position
        while let byte = next, byte | 0x20 &- 0x61 < 26 {
            if position - start < 8 { word = word << 8 | UInt64(byte | 0x20) }
            position += 1
        }
        return (word, position - start)
    }

    /// The place, from 1, of the name that begins with these three letters.
    private static func place(_ names: StaticString, _ letters: (word: UInt64, count: Int)) -> Int? {
        guard letters.count >= 3 else { return nil }
        let three = letters.word >> UInt64((min(letters.count, 8) - 3) * 8)
        for index in 0..<names.utf8CodeUnitCount / 3 {
            let name = (0..<3).reduce(UInt64(0)) { $0 << 8 | UInt64(names.utf8Start[index * 3 + $1]) }
            if name == three { return index + 1 }
        }
        return nil
    }

    /// A month's English name, or its first three letters.
    mutating func month() -> Int? { Self.place("janfebmaraprmayjunjulaugsepoctnovdec", letters()) }

    /// Monday is 1.
    mutating func weekday() -> Int? { Self.place("montuewedthufrisatsun", letters()) }

    /// `08:00`, `08:00:11`, `08:00:11.9`.
    mutating func clock() -> (seconds: Int, fraction: Int64)? {
        guard let hour = digits(1...2), take(0x3A), let minute = digits(2...2), hour < 24, minute < 60 else {
            return nil
        }
        guard take(0x3A) else { return (hour * 3600 + minute * 60, 0) }
        return second(after: hour * 3600 + minute * 60)
    }

    /// `080011`, `0800`, `080011.9`.
    mutating func basicClock() -> (seconds: Int, fraction: Int64)? {
        guard let hour = digits(2...2), let minute = digits(2...2), hour < 24, minute < 60 else { return nil }
        guard let byte = next, byte &- 0x30 < 10 else { return (hour * 3600 + minute * 60, 0) }
        return second(after: hour * 3600 + minute * 60)
    }

    /// A second with its fraction, behind so many seconds of the day.
    private mutating func second(after start: Int) -> (seconds: Int, fraction: Int64)? {
        guard let second = digits(2...2), second < 60 else { return nil }
        guard take(0x2E) || take(0x2C) else { return (start + second, 0) }
        return fraction().map { (start + second, $0) }
    }

    /// How far a time is east of UTC.
    enum Zone {
        case local
        case seconds(Int)
    }

    /// What stands behind a clock, up to the end: nothing, `Z`, `UTC`, `GMT`, an offset such as `+01`, `+0100` or
    /// `+01:00`, and behind one of these what says it again: `CET`, `UTC`, `[Europe/Berlin]`,
    /// `(Central European Time)`. Nil for anything else.
    mutating func zone() -> Zone? {
        skipSpaces()
        guard !isAtEnd else { return .local }
        guard let seconds = offset() else { return nil }
        skipSpaces()
        if let sign = next, sign == 0x2B || sign == 0x2D { guard offset() != nil else { return nil } }
        skipSpaces()
        let name = position
        while let byte = next, byte &- 0x41 < 26, position - name < 5 { position += 1 }
        skipSpaces()
        for (open, close) in [(UInt8(0x5B), UInt8(0x5D)), (0x28, 0x29)] where take(open) {
            while let byte = next, byte != close { position += 1 }
            guard take(close) else { return nil }
        }
        return isAtEnd ? .seconds(seconds) : nil
    }

    /// Seconds east of UTC.
    mutating func offset() -> Int? {
        if let byte = next, byte | 0x20 &- 0x61 < 26 {
            let word = letters().word
            // z, ut, utc, gmt
            guard [0x7A, 0x7574, 0x75_7463, 0x67_6D74].contains(word) else { return nil }
            guard let sign = next, sign == 0x2B || sign == 0x2D else { return 0 }
        }
        guard let sign = next, sign == 0x2B || sign == 0x2D else { return nil }
        position += 1
        guard let hours = digits(2...2) else { return nil }
        let hasColon = take(0x3A)
        var minutes = 0
        if let byte = next, byte &- 0x30 < 10 {
            guard let value = digits(2...2) else { return nil }
            minutes = value
        } else if hasColon {
            return nil
        }
        guard hours <= 18, minutes < 60 else { return nil }
        return (sign == 0x2B ? 1 : -1) * (hours * 3600 + minutes * 60)
    }
}
