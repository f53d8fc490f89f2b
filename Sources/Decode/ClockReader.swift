import Bytes

/// Reads times quickly when, as in any stream, most of them have the date of the one before.
struct ClockReader {
    private let zone: LocalZone
    /// The last date, as its first and last eight bytes, and its midnight in UTC, microseconds.
    private var dateStart: UInt64 = 0
    private var dateEnd: UInt64 = 0
    private var midnight: Int64 = 0

    init(zone: LocalZone) {
        self.zone = zone
    }

    /// The instant of a text, microseconds since 1970, or nil; the same as ``Bytes/TimeParser/instant(_:zone:)``.
    /// Text of at least 24 bytes must be readable.
    mutating func instant(_ text: UnsafePointer<UInt8>, _ count: Int) -> Int64? {
        let raw = UnsafeRawPointer(text)
        let start = raw.loadUnaligned(as: UInt64.self)
        let end = raw.loadUnaligned(fromByteOffset: 2, as: UInt64.self)
        guard count >= 19, start == dateStart, end == dateEnd, text[10] == 0x54 || text[10] == 0x20,
            let clock = Self.clock(raw.loadUnaligned(fromByteOffset: 11, as: UInt64.self))
        else { return slow(text, count, start, end) }
        var microseconds = midnight + clock * 1_000_000
        var position = 19
        if position < count, text[position] == 0x2E {
            position += 1
            let first = position
            var scale: Int64 = 100_000
            while position < count, text[position] &- 0x30 < 10 {
                microseconds += Int64(text[position] &- 0x30) * scale
                scale /= 10
                position += 1
            }
            guard position > first else { return nil }
        }
        switch count - position {
        case 0: return microseconds - zone.offset(atLocal: midnight / 1_000_000 + clock) * 1_000_000
        case 1 where text[position] == 0x5A: return microseconds
        case 6
        where raw.loadUnaligned(fromByteOffset: position, as: UInt32.self) == 0x3A30_302B
            && text[position + 4] == 0x30 && text[position + 5] == 0x30:
            return microseconds
        default: return slow(text, count, start, end)
        }
    }

    private mutating func slow(_ text: UnsafePointer<UInt8>, _ count: Int, _ start: UInt64, _ end: UInt64) -> Int64? {
        let whole = UnsafeBufferPointer(start: text, count: count)
        if count >= 19, let day = TimeParser.iso8601(UnsafeBufferPointer(start: text, count: 10)) {
            (dateStart, dateEnd, midnight) = (start, end, day)
        }
        return TimeParser.instant(whole, zone: zone)
    }

    /// Seconds of `HH:MM:SS`, or nil.
    @inline(__always)
    private static func clock(_ word: UInt64) -> Int64? {
        let digits = word &- 0x3030_3A30_303A_3030
        guard digits & 0xF0F0_F0F0_F0F0_F0F0 == 0, digits & 0x0000_FF00_00FF_0000 == 0 else { return nil }
        func two(_ shift: UInt64) -> Int64 {
            Int64(digits >> shift & 0xF) * 10 + Int64(digits >> (shift + 8) & 0xF)
        }
        guard (digits &+ 0x0606_0006_0600_0606) & 0xF0F0_00F0_F000_F0F0 == 0 else { return nil }
        let (hour, minute, second) = (two(0), two(24), two(48))
        guard hour < 24, minute < 60, second < 60 else { return nil }
        return hour * 3600 + minute * 60 + second
    }
}
