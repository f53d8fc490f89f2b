import Base
import Bytes

/// Times, lengths of time and numbers of a profile as people read them.
public enum ProfileWords {
    /// `2026-03-02 08:00:11`, or the day alone; in UTC.
    public static func time(_ microseconds: Int64, isDate: Bool = false) -> String {
        let text = TimeParser.rfc3339(microseconds: microseconds).prefix(isDate ? 10 : 19)
        return String(text).replacing("T", with: " ")
    }

    /// `3 d 4 h`: the two largest units that say something.
    public static func duration(_ microseconds: Int64) -> String {
        let units: [(size: Int64, name: String)] = [
            (86_400_000_000, "d"), (3_600_000_000, "h"), (60_000_000, "min"), (1_000_000, "s"), (1000, "ms"), (1, "µs"),
        ]
        guard let first = units.firstIndex(where: { microseconds >= $0.size }) else { return "0 s" }
        let whole = microseconds / units[first].size
        let text = "\(grouped(Int(whole))) \(units[first].name)"
        guard first + 1 < units.count, whole < 10, units[first].name != "s" else { return text }
        let rest = (microseconds % units[first].size) / units[first + 1].size
        return rest == 0 ? text : text + " \(rest) \(units[first + 1].name)"
    }

    /// A number with as many decimals as a person wants to read.
    public static func number(_ value: Double) -> String {
        if value.rounded() == value, value.magnitude < 1e18 { return grouped(Int(value)) }
        let magnitude = value.magnitude
        return fixed(value, magnitude >= 100 ? 1 : magnitude >= 1 ? 2 : 4)
    }

    /// How a column spells its times.
    public static func spelling(_ time: TimeProfile) -> String {
        switch time.spelling {
        case .form(let form) where form.isEpoch: "\(form.rawValue) since 1970"
        case .form(.spreadsheetDays): TimeForm.spreadsheetDays.rawValue + zone(time)
        case .form(let form): (form == .known ? "read without being told how" : form.rawValue) + zone(time)
        case .relative(let unit): "numbers, by the name in units of \(duration(unit))"
        }
    }

    private static func zone(_ time: TimeProfile) -> String {
        time.hasOffset ? ", with its offset from UTC" : ", without a zone: taken to be in UTC"
    }
}
