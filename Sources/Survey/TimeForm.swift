import Bytes

/// A spelling of instants that a column may have.
public enum TimeForm: String, Sendable, CaseIterable {
    /// ISO 8601 and what else is read without being told.
    case known
    /// Numbers since 1970.
    case seconds, milliseconds, microseconds, nanoseconds
    /// Days since 1899-12-30, as spreadsheets count them.
    case spreadsheetDays = "days since 1899-12-30"
    /// `31.12.2025 23:59:59`, `31/12/2025`, `31-12-2025`, `12/31/2025`, with the time of day or not.
    case dayMonthYearDots = "day.month.year"
    case dayMonthYearSlashes = "day/month/year"
    case dayMonthYearDashes = "day-month-year"
    case monthDayYearSlashes = "month/day/year"
    /// `20251231`, `20251231235959`
    case compact = "yyyymmdd"

    /// Those that texts have; of two that fit equally well, the first is taken.
    static let texts: [TimeForm] = [
        .known, .dayMonthYearDots, .dayMonthYearSlashes, .monthDayYearSlashes, .dayMonthYearDashes, .compact,
    ]

    /// The forms as a pipeline's `format` has them; none for what needs none.
    public var formats: [String] {
        switch self {
        case .known, .seconds, .milliseconds, .microseconds, .nanoseconds, .spreadsheetDays: []
        case .dayMonthYearDots: Self.withClock(["%d.%m.%Y", "%d.%m.%y"])
        case .dayMonthYearSlashes: Self.withClock(["%d/%m/%Y", "%d/%m/%y"])
        case .dayMonthYearDashes: Self.withClock(["%d-%m-%Y"])
        case .monthDayYearSlashes:
            Self.withClock(["%m/%d/%Y", "%m/%d/%y"]) + ["%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p"]
        case .compact: ["%Y%m%d", "%Y%m%d%H%M%S"]
        }
    }

    private static func withClock(_ dates: [String]) -> [String] {
        dates + dates.map { $0 + " %H:%M" } + dates.map { $0 + " %H:%M:%S" }
    }

    /// Whether it is a number since 1970.
    public var isEpoch: Bool {
        switch self {
        case .seconds, .milliseconds, .microseconds, .nanoseconds: true
        default: false
        }
    }

    /// How an event's decoder reads it.
    public var style: TimeStyle {
        var style = TimeStyle()
        if self == .spreadsheetDays { (style.unit, style.origin) = (86_400_000_000_000, TimeStyle.spreadsheetOrigin) }
        style.formats = formats.compactMap { text in
            do throws(TimeFormat.Fault) { return try TimeFormat(text) } catch { return nil }
        }
        return style
    }

    /// Whether numbers may be a spreadsheet's days of 1954 to 2064: of some years, as a file of events has them.
    static func areSpreadsheetDays(_ least: Double, _ largest: Double) -> Bool {
        least >= 20_000 && largest <= 60_000 && largest - least <= 20 * 366
    }

    /// The unit in which numbers of that size are times from 2001 to 2040.
    static func epoch(_ least: Double, _ largest: Double) -> TimeForm? {
        for (form, scale) in [(TimeForm.seconds, 1.0), (.milliseconds, 1e3), (.microseconds, 1e6), (.nanoseconds, 1e9)]
        where least >= 9.5e8 * scale && largest <= 2.3e9 * scale { return form }
        return nil
    }
}
