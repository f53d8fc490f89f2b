import Bytes
import Testing

/// Instants as programs print them; 1_772_438_400 is 2026-03-02 08:00:00 UTC.
@Suite struct TimeStyleTests {
    private static let base: Int64 = 1_772_438_400_000_000

    /// Berlin around 2026: summer from 29 March 01:00 UTC to 25 October 01:00 UTC.
    private static let berlin = LocalZone(
        name: "Europe/Berlin",
        first: 3600,
        transitions: [(1_774_746_000, 7200), (1_792_890_000, 3600)]
    )

    private func instant(_ text: String, _ style: TimeStyle = TimeStyle()) -> Int64? {
        Array(text.utf8).withUnsafeBufferPointer { style.instant($0) }
    }

    static let printed = [
        "2026-03-02T08:00:00Z", "2026-03-02 08:00:00+00", "2026-03-02T09:00:00+01:00", "2026-03-02 08:00:00 UTC",
        "2026-03-02 08:00:00.000 +0000", "2026-03-02 08:00:00.0000000 +00:00", "2026-03-02 08:00:00 +0000",
        "2026-03-02 08:00:00 +0000 UTC", "2026-03-02 09:00:00 +0100 CET", "2026-03-02 09:00:00 +0100 +0100",
        "2026-03-02T09:00:00+01:00[Europe/Berlin]", "2026-03-02T08:00:00Z[UTC]", "20260302T080000Z", "20260302T0800Z",
        "20260302T090000.000+0100", "2026/03/02 08:00:00", "2026-03-02T08:00", " 2026-03-02T08:00:00 ",
        "Mon, 02 Mar 2026 08:00:00 GMT", "Mon, 2 Mar 2026 09:00:00 +0100", "02 Mar 2026 08:00:00 GMT",
        "02-Mar-2026 08:00:00",
        "Monday, 02 March 2026 08:00:00 UTC", "02/Mar/2026:08:00:00 +0000", "02/Mar/2026:09:00:00 +0100",
        "Mon Mar  2 08:00:00 2026", "Mon Mar  2 08:00:00 UTC 2026", "Mon Mar 02 08:00:00 +0000 2026",
        "Mon Mar 02 2026 09:00:00 GMT+0100 (Central European Standard Time)", "Mar 2, 2026 08:00:00",
        "1772438400", "1772438400.0", "1.7724384e9", "1772438400000", "1772438400000000", "1772438400000000000",
        "+1772438400",
    ]

    @Test(arguments: printed)
    func oneInstant(text: String) { #expect(instant(text) == Self.base) }

    @Test(arguments: [
        "2026-03-02 08:00:00 CET", "2026-03-02 08:00:00[Europe/Berlin]", "2026-03-02 08:00:00 +0000 utc!", "20260302",
        "20260302080000", "Mon, 32 Mar 2026 08:00:00 GMT", "Foo, 02 Mar 2026 08:00:00 GMT", "02 Mrz 2026 08:00:00",
        "02/03/2026",
        "2026-03/02", "2026-03-02T08:00:00+1", "2026-03-02T08:00:00+01:0", "Mon Mar 2 2026", "12", "-1772438400",
        "1e30",
        "2026-03-02T08:00:00+01:00[Europe/Berlin", "9999999999999999999", "00000000000000000000",
    ])
    func nothingElseIsOne(text: String) { #expect(instant(text) == nil) }

    @Test func nanosecondsAreExact() {
        #expect(instant("1772438400000001999") == Self.base + 1)
        #expect(instant("1772438400123456789") == Self.base + 123_456)
    }

    /// Python: `datetime(…, tzinfo=ZoneInfo("Europe/Berlin"), fold=0).timestamp()`.
    @Test func aLocalTimeIsOfItsZone() {
        var style = TimeStyle()
        style.zone = Self.berlin
        #expect(instant("2026-03-02 09:00:00", style) == Self.base)
        #expect(instant("2026-07-01 09:00:00", style) == 1_782_889_200_000_000)
        // Forward: 02:00…03:00 is not there. Back: 02:00…03:00 is there twice.
        #expect(instant("2026-03-29 01:59:59", style) == 1_774_745_999_000_000)
        #expect(instant("2026-03-29 02:30:00", style) == 1_774_747_800_000_000)
        #expect(instant("2026-03-29 03:00:00", style) == 1_774_746_000_000_000)
        #expect(instant("2026-10-25 02:30:00", style) == 1_792_888_200_000_000)
        #expect(instant("2026-10-25 03:00:00", style) == 1_792_893_600_000_000)
        // What says its offset is no local time.
        #expect(instant("2026-07-01T07:00:00Z", style) == 1_782_889_200_000_000)
    }

    /// Python: `datetime.strptime(text, format).replace(tzinfo=utc)`, or with %z as it is.
    @Test func formatsAreStrptimes() throws {
        let known: [(format: String, text: String, seconds: Int64)] = [
            ("%d/%m/%Y %H:%M", "02/03/2026 08:00", 1_772_438_400), ("%d/%m/%Y %H:%M", "2/3/2026 8:00", 1_772_438_400),
            ("%m/%d/%y %I:%M:%S %p", "03/02/26 08:00:00 AM", 1_772_438_400),
            ("%m/%d/%Y %I:%M %p", "03/02/2026 12:05 am", 1_772_409_900),
            ("%m/%d/%Y %I:%M %p", "03/02/2026 12:05 PM", 1_772_453_100),
            ("%Y%m%d%H%M%S", "20260302080000", 1_772_438_400), ("%Y%m%d", "20260302", 1_772_409_600),
            ("%d.%m.%Y %H:%M:%S", "02.03.2026 08:00:00", 1_772_438_400), ("%d %b %Y", "02 mar 2026", 1_772_409_600),
            ("%A, %B %d, %Y", "Monday, March 2, 2026", 1_772_409_600), ("%Y-%j", "2026-061", 1_772_409_600),
            ("%Y-%m-%dT%H:%M:%S%z", "2026-03-02T09:00:00+0100", 1_772_438_400), ("%s", "1772438400", 1_772_438_400),
            ("%F %T", "2026-03-02   08:00:00", 1_772_438_400), ("%D", "03/02/69", -26_352_000),
            ("100%% %F", "100% 2026-03-02", 1_772_409_600), ("%F %T %Z", "2026-03-02 08:00:00 UTC", 1_772_438_400),
        ]
        for (format, text, seconds) in known {
            var style = TimeStyle()
            style.formats = [try TimeFormat(format)]
            #expect(instant(text, style) == seconds * 1_000_000, "\(format) of \(text)")
        }
        var style = TimeStyle()
        style.formats = [try TimeFormat("%d/%m/%Y %H:%M:%S.%f"), try TimeFormat("%d/%m/%Y")]
        #expect(instant("02/03/2026 08:00:00.123456789", style) == Self.base + 123_456)
        #expect(instant("02/03/2026", style) == Self.base - 28_800_000_000)
        for text in ["2026-03-02", "32/03/2026", "29/02/2026", "02/03/2026 ", "02/03/2026x", "1772438400", ""] {
            #expect(instant(text, style) == nil || text == "02/03/2026 ", "\(text)")
        }
        for (format, words) in [
            ("%Q", "%Q is none of"), ("%d/%m", "no day, month and year"), ("%F %I:%M", "%I and %p"),
            ("%F %", "ends with a %"),
        ] {
            do throws(TimeFormat.Fault) {
                _ = try TimeFormat(format)
                Issue.record("\(format) is no format")
            } catch { #expect(error.words.contains(words)) }
        }
    }

    @Test func relativeTimesCountFromTheirOrigin() {
        func relative(_ unit: Int64?, _ origin: Int64?) -> TimeStyle {
            var style = TimeStyle()
            (style.unit, style.origin) = (unit, origin)
            return style
        }
        let hours = relative(3_600_000_000_000, Self.base)
        #expect(instant("0", hours) == Self.base && instant("743", hours) == Self.base + 743 * 3_600_000_000)
        #expect(instant("0.5", hours) == Self.base + 1_800_000_000 && instant("-1", hours) == Self.base - 3_600_000_000)
        // 0.29 hours are 1044 seconds, which a binary fraction does not hold.
        #expect(instant("0.29", hours) == Self.base + 1_044_000_000)
        #expect(instant("172792.0", relative(nil, Self.base)) == Self.base + 172_792_000_000)
        #expect(instant("1e5", relative(nil, Self.base)) == Self.base + 100_000_000_000)
        #expect(instant("1772438400123456789", relative(1, nil)) == Self.base + 123_456)
        #expect(instant("-1", relative(1, Self.base)) == Self.base - 1)
        // A spreadsheet's days.
        #expect(instant("46083.3333333333", relative(86_400_000_000_000, -2_209_161_600_000_000)) == Self.base - 3)
        for text in ["2026-03-02", "x", "", "1e300", "9223372036854775807"] { #expect(instant(text, hours) == nil) }
    }
}
