import Base

/// Instants as event streams spell them.
public enum TimeParser {
    /// ISO 8601 / RFC 3339: `2026-03-02T08:00:11.9+00:00`, `2026-03-02 08:00:11`, `2026-03-02`; microseconds since 1970.
    ///
    /// Digits behind the sixth of the fraction are cut off. Without an offset the time is taken to be `zoneMinutes` east
    /// of UTC. Years 1900…2199 of the proleptic Gregorian calendar; leap seconds are not instants. Nil for anything else.
    public static func iso8601(_ text: UnsafeBufferPointer<UInt8>, zoneMinutes: Int = 0) -> Int64? {
        guard text.count >= 10, text.count <= 40 else { return nil }
        func digits(_ start: Int, _ count: Int) -> Int? {
            guard start + count <= text.count else { return nil }
            var value = 0
            for index in start..<start + count {
                let digit = text[index] &- 0x30
                guard digit < 10 else { return nil }
                value = value * 10 + Int(digit)
            }
            return value
        }
        guard let year = digits(0, 4), text[4] == 0x2D, let month = digits(5, 2), text[7] == 0x2D,
            let day = digits(8, 2), (1900...2199).contains(year), (1...12).contains(month),
            day >= 1, day <= daysIn(month, of: year)
        else { return nil }
        let midnight = daysSince1970(year, month, day) * 86_400
        guard text.count > 10 else { return (midnight - Int64(zoneMinutes * 60)) * 1_000_000 }
        guard text[10] | 0x20 == 0x74 || text[10] == 0x20, text.count >= 16,
            let hour = digits(11, 2), text[13] == 0x3A, let minute = digits(14, 2), hour < 24, minute < 60
        else { return nil }
        var second = 0
        var position = 16
        var fraction: Int64 = 0
        if position < text.count, text[position] == 0x3A {
            guard let value = digits(17, 2), value < 60 else { return nil }
            second = value
            position = 19
            if position < text.count, text[position] == 0x2E || text[position] == 0x2C {
                position += 1
                var scale: Int64 = 100_000
                let first = position
                while position < text.count, text[position] &- 0x30 < 10 {
                    fraction += Int64(text[position] &- 0x30) * scale
                    scale /= 10
                    position += 1
                }
                guard position > first else { return nil }
            }
        }
        var offset = zoneMinutes
        if position < text.count {
            switch text[position] {
            case 0x5A, 0x7A:
                offset = 0
                position += 1
            case 0x2B, 0x2D:
                let sign = text[position] == 0x2B ? 1 : -1
                guard let hours = digits(position + 1, 2) else { return nil }
                position += 3
                if position < text.count, text[position] == 0x3A { position += 1 }
                var minutes = 0
                if position < text.count {
                    guard let value = digits(position, 2) else { return nil }
                    minutes = value
                    position += 2
                }
                guard hours <= 18, minutes < 60 else { return nil }
                offset = sign * (hours * 60 + minutes)
            default: return nil
            }
        }
        guard position == text.count else { return nil }
        let seconds = midnight + Int64(hour * 3600 + minute * 60 + second - offset * 60)
        return seconds * 1_000_000 + fraction
    }

    /// A number of seconds, milliseconds or microseconds since 1970, told apart by its size; years 1973…2199.
    public static func epoch(_ value: Double) -> Int64? {
        let microseconds =
            switch value.magnitude {
            case ..<1e8: Double.nan
            case ..<7.3e9: value * 1e6
            case ..<7.3e12: value * 1e3
            case ..<7.3e15: value
            default: Double.nan
            }
        guard microseconds > 0 else { return nil }
        return Int64(microseconds.rounded(.down))
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
