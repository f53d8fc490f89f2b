import Base

/// Instants as event streams spell them.
public enum TimeParser {
    /// An instant in one of the forms that programs print without being told how; microseconds since 1970, nil for
    /// anything else.
    ///
    /// - ISO 8601 and RFC 3339: `2026-03-02T08:00:11.9+00:00`, `2026-03-02 08:00:11`, `2026-03-02`, `20260302T080011Z`;
    ///   also with slashes in the date, or a space in front of the offset or `UTC`.
    /// - With the month's name: `Mon, 02 Mar 2026 08:00:11 GMT` and what is like it, `02/Mar/2026:08:00:11 +0000`,
    ///   `Mon Mar  2 08:00:11 UTC 2026`.
    ///
    /// Digits behind the sixth of a fraction are cut off. A time without an offset is local time of the zone; a zone's
    /// name behind an offset only says it again. Years 1900…2199 of the proleptic Gregorian calendar; leap seconds are
    /// not instants.
    public static func instant(_ text: UnsafeBufferPointer<UInt8>, zone: LocalZone = .utc) -> Int64? {
        guard (8...80).contains(text.count) else { return nil }
        var cursor = TimeCursor(text)
        return text[0] &- 0x30 < 10 && text[3] &- 0x30 < 10 ? iso(&cursor, zone) : named(&cursor, zone)
    }

    /// The same, local time of a zone so many minutes east of UTC.
    public static func iso8601(_ text: UnsafeBufferPointer<UInt8>, zoneMinutes: Int = 0) -> Int64? {
        instant(text, zone: LocalZone(minutes: zoneMinutes))
    }

    private static func iso(_ cursor: inout TimeCursor, _ zone: LocalZone) -> Int64? {
        guard let year = cursor.digits(4...4) else { return nil }
        let sign = cursor.next
        let isBasic = sign.map { $0 &- 0x30 < 10 } ?? false
        guard isBasic || sign == 0x2D || sign == 0x2F else { return nil }
        if !isBasic { cursor.position += 1 }
        guard let month = cursor.digits(2...2), isBasic || cursor.next == sign else { return nil }
        if !isBasic { cursor.position += 1 }
        guard let day = cursor.digits(2...2), let midnight = midnight(year, month, day) else { return nil }
        // Eight digits alone may be anything.
        guard !cursor.isAtEnd else { return isBasic ? nil : instant(midnight, 0, .local, zone) }
        guard let mark = cursor.next, mark | 0x20 == 0x74 || mark == 0x20 else { return nil }
        cursor.position += 1
        if isBasic {
            guard mark != 0x20, let clock = cursor.basicClock(), let offset = cursor.zone() else { return nil }
            return instant(midnight + Int64(clock.seconds), clock.fraction, offset, zone)
        }
        guard cursor.position + 1 < cursor.text.count, cursor.text[cursor.position + 1] != 0x3A,
            let clock = cursor.clock(), let offset = cursor.zone()
        else { return nil }
        return instant(midnight + Int64(clock.seconds), clock.fraction, offset, zone)
    }

    /// With a month's name, the day in front of it or behind.
    private static func named(_ cursor: inout TimeCursor, _ zone: LocalZone) -> Int64? {
        var month: Int?
        if let byte = cursor.next, byte &- 0x30 >= 10 {
            let start = cursor.position
            if cursor.weekday() != nil {
                _ = cursor.take(0x2C)
                guard cursor.skipSpaces() else { return nil }
            } else {
                cursor.position = start
            }
        }
        if let byte = cursor.next, byte &- 0x30 >= 10 {
            month = cursor.month()
            guard month != nil, cursor.skipSpaces() else { return nil }
        }
        guard let day = cursor.digits(1...2) else { return nil }
        if let month { return monthFirst(&cursor, month, day, zone) }
        guard let sign = cursor.next, sign == 0x20 || sign == 0x2D || sign == 0x2F else { return nil }
        cursor.position += 1
        guard let month = cursor.month(), cursor.take(sign), let year = cursor.digits(4...4),
            let midnight = midnight(year, month, day)
        else { return nil }
        guard !cursor.isAtEnd else { return instant(midnight, 0, .local, zone) }
        guard cursor.take(0x3A) || cursor.skipSpaces(), let clock = cursor.clock(), let offset = cursor.zone() else {
            return nil
        }
        return instant(midnight + Int64(clock.seconds), clock.fraction, offset, zone)
    }

    /// `Mar  2 08:00:11 UTC 2026` and `Mar 02 2026 08:00:11 GMT+0000`, behind the day.
    private static func monthFirst(
        _ cursor: inout TimeCursor,
        _ month: Int,
        _ day: Int,
        _ zone: LocalZone
    ) -> Int64? {
        _ = cursor.take(0x2C)
        guard cursor.skipSpaces() else { return nil }
        let start = cursor.position
        if let year = cursor.digits(4...4), cursor.skipSpaces() {
            guard let midnight = midnight(year, month, day), let clock = cursor.clock(), let offset = cursor.zone()
            else {
                return nil
            }
            return instant(midnight + Int64(clock.seconds), clock.fraction, offset, zone)
        }
        cursor.position = start
        guard let clock = cursor.clock(), cursor.skipSpaces() else { return nil }
        var offset = TimeCursor.Zone.local
        if let byte = cursor.next, byte &- 0x30 >= 10 {
            guard let seconds = cursor.offset(), cursor.skipSpaces() else { return nil }
            offset = .seconds(seconds)
        }
        guard let year = cursor.digits(4...4), cursor.isAtEnd, let midnight = midnight(year, month, day) else {
            return nil
        }
        return instant(midnight + Int64(clock.seconds), clock.fraction, offset, zone)
    }

    /// Seconds since 1970 of a date's local midnight.
    static func midnight(_ year: Int, _ month: Int, _ day: Int) -> Int64? {
        guard (1900...2199).contains(year), (1...12).contains(month), day >= 1, day <= daysIn(month, of: year) else {
            return nil
        }
        return daysSince1970(year, month, day) * 86_400
    }

    /// The instant at which a clock there shows these seconds since 1970.
    static func instant(_ seconds: Int64, _ fraction: Int64, _ offset: TimeCursor.Zone, _ zone: LocalZone) -> Int64 {
        let east =
            switch offset {
            case .local: zone.offset(atLocal: seconds)
            case .seconds(let east): Int64(east)
            }
        return (seconds - east) * 1_000_000 + fraction
    }

    /// A spelled number of seconds, milliseconds, microseconds or nanoseconds since 1970; whole numbers are exact.
    public static func epoch(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
        if let whole = wholeNumber(text), whole >= 7_300_000_000_000_000 {
            return whole < 7_300_000_000_000_000_000 ? whole / 1000 : nil
        }
        return TextValue.number(text).flatMap(epoch)
    }

    /// A spelled whole number that 64 bits hold.
    static func wholeNumber(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
        var cursor = TimeCursor(text)
        let isNegative = cursor.take(0x2D)
        if !isNegative { _ = cursor.take(0x2B) }
        guard
            (1...18).contains(text.count - cursor.position)
                || text.count - cursor.position == 19 && text[cursor.position] < 0x39
        else { return nil }
        var value: Int64 = 0
        while let byte = cursor.next {
            guard byte &- 0x30 < 10 else { return nil }
            value = value * 10 + Int64(byte &- 0x30)
            cursor.position += 1
        }
        return isNegative ? -value : value
    }

    /// A number of seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by its size; years
    /// 1973…2199.
    public static func epoch(_ value: Double) -> Int64? {
        let microseconds =
            switch value.magnitude {
            case ..<1e8: Double.nan
            case ..<7.3e9: value * 1e6
            case ..<7.3e12: value * 1e3
            case ..<7.3e15: value
            case ..<7.3e18: value / 1e3
            default: Double.nan
            }
        guard microseconds > 0, !isCompactDate(value) else { return nil }
        return Int64(microseconds.rounded(.down))
    }

    /// Whether a number is rather 20260302080000 than microseconds of August 1970: nobody can tell, so it is neither.
    private static func isCompactDate(_ value: Double) -> Bool {
        guard value >= 19_000_101_000_000, value < 22_000_101_000_000, value.rounded() == value else { return false }
        let digits = Int(value)
        let clock = (digits / 10_000 % 100, digits / 100 % 100, digits % 100)
        guard clock.0 < 24, clock.1 < 60, clock.2 < 60 else { return false }
        let date = digits / 1_000_000
        return midnight(date / 10_000, date / 100 % 100, date % 100) != nil
    }

    /// `2026-03-02T08:00:11.900Z`: text for people, milliseconds, UTC.
    public static func text(milliseconds: Int64) -> String {
        let (days, left) = milliseconds.floorDivided(by: 86_400_000)
        let rest = Int(left)
        let (year, month, day) = date(daysSince1970: days)
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let fraction = rest % 1000
        let padded = fraction < 10 ? "00\(fraction)" : fraction < 100 ? "0\(fraction)" : "\(fraction)"
        let clock = "\(two(rest / 3_600_000)):\(two(rest / 60_000 % 60)):\(two(rest / 1000 % 60)).\(padded)Z"
        return "\(year)-\(two(month))-\(two(day))T\(clock)"
    }

    /// `2026-03-02T08:00:11.900000+00:00`, without the fraction where it is zero.
    public static func rfc3339(microseconds: Int64) -> String {
        let (whole, fraction) = microseconds.floorDivided(by: 1_000_000)
        let seconds = text(milliseconds: whole * 1000).dropLast(5)
        guard fraction > 0 else { return seconds + "+00:00" }
        let digits = String(fraction)
        return seconds + "." + String(repeating: "0", count: 6 - digits.count) + digits + "+00:00"
    }

    /// Days from 1970-01-01 to a date (Hinnant, "chrono-compatible low-level date algorithms").
    public static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return Int64(era * 146_097 + dayOfEra - 719_468)
    }

    static func date(daysSince1970 days: Int64) -> (year: Int, month: Int, day: Int) {
        let shifted = Int(days) + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        let civilMonth = month < 10 ? month + 3 : month - 9
        return (yearOfEra + era * 400 + (civilMonth <= 2 ? 1 : 0), civilMonth, day)
    }

    private static func daysIn(_ month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
