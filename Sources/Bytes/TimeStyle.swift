/// How a field spells instants, where it is not as ``TimeParser`` knows them.
public struct TimeStyle: Sendable, Equatable {
    /// What local times are of.
    public var zone = LocalZone.utc
    /// The forms that are tried, in their order; none: those of ``TimeParser/instant(_:zone:)``, and numbers since
    /// 1970.
    public var formats: [TimeFormat] = []
    /// A number's unit, nanoseconds; nil: told by its size.
    public var unit: Int64?
    /// What numbers count from, microseconds since 1970; nil: 1970.
    public var origin: Int64?
    /// Whether a number tells what a clock of the zone shows, as a spreadsheet's days do, and not how much time has
    /// gone by.
    public var countsLocalTime = false

    /// From where spreadsheets count days: 1899-12-30.
    public static let spreadsheetOrigin: Int64 = -2_209_161_600_000_000

    public init() {}

    /// Whether numbers count in a unit that is given, or from somewhere.
    public var isRelative: Bool { unit != nil || origin != nil }

    /// The instant of a text, spaces around it or not; nil if it is none.
    public func instant(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
        let content = TextValue.trimmed(text)
        if isRelative { return relative(content) }
        guard formats.isEmpty else {
            for format in formats { if let instant = format.instant(content, zone: zone) { return instant } }
            return nil
        }
        return TimeParser.instant(content, zone: zone) ?? TimeParser.epoch(content)
    }

    /// The instant of a JSON number, with its spelling.
    public func instant(ofNumber text: UnsafeBufferPointer<UInt8>) -> Int64? {
        isRelative || !formats.isEmpty ? instant(text) : TimeParser.epoch(text)
    }

    /// Years 1900…2199.
    private static let range: Range<Int64> = -2_208_988_800_000_000..<7_258_118_400_000_000

    private func relative(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
        let unit = unit ?? 1_000_000_000
        let origin = origin ?? 0
        if let whole = TimeParser.wholeNumber(text) {
            // A unit is a part of microseconds, or many.
            let (count, isTooLarge) =
                unit < 1000
                ? (whole.floored(by: 1000 / unit), false) : whole.multipliedReportingOverflow(by: unit / 1000)
            guard !isTooLarge else { return nil }
            return instant(origin, count)
        }
        guard let number = TextValue.number(text), number.isFinite else { return nil }
        let count = (number * (Double(unit) / 1000)).rounded()
        guard count.magnitude < 1e18 else { return nil }
        return instant(origin, Int64(count))
    }

    private func instant(_ origin: Int64, _ count: Int64) -> Int64? {
        let (sum, isTooLarge) = origin.addingReportingOverflow(count)
        guard !isTooLarge, Self.range.contains(sum) else { return nil }
        guard countsLocalTime else { return sum }
        let second: Int64 = 1_000_000
        return sum - zone.offset(atLocal: sum.floored(by: second)) * second
    }
}

extension Int64 {
    fileprivate func floored(by divisor: Int64) -> Int64 {
        let (quotient, rest) = quotientAndRemainder(dividingBy: divisor)
        return rest < 0 ? quotient - 1 : quotient
    }
}
