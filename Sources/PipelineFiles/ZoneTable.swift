import Assets
import Bytes
import Foundation

/// The IANA time zones, which are part of the executable: a machine's own data have no say in what a local time means.
enum ZoneTable {
    /// Behind the last year that events may have.
    private static let end = 2200

    /// The zone of a name of the IANA data, such as `Europe/Berlin`; nil if there is none.
    static func zone(_ name: String) -> LocalZone? {
        guard var parts = line(name) else { return nil }
        // The same as another one.
        if parts.count == 2, parts[0] == "=" {
            guard let other = line(String(parts[1])) else { return nil }
            parts = other
        }
        let sections = parts.split(separator: "|").map { $0.compactMap { Int64($0) } }
        guard let numbers = sections.first, let first = numbers.first else { return nil }
        var transitions: [(at: Int64, offset: Int64)] = []
        for index in stride(from: 1, to: numbers.count - 1, by: 2) {
            transitions.append(((transitions.last?.at ?? 0) + numbers[index], numbers[index + 1]))
        }
        if sections.count > 1, sections[1].count == 10 { append(sections[1], to: &transitions) }
        return LocalZone(name: name, first: first, transitions: transitions)
    }

    /// Every name, for finding the one that was meant.
    static var names: [String] { lines.compactMap { $0.split(separator: " ").first.map(String.init) } }

    private static var lines: [Substring] {
        String(decoding: Assets.bytes("zones/zones.txt") ?? [], as: UTF8.self).split(separator: "\n").filter {
            $0.first != "#"
        }
    }

    private static func line(_ name: String) -> [Substring]? {
        lines.first { $0.hasPrefix(name + " ") }?.split(separator: " ").dropFirst().map { $0 }
    }

    /// The changes that a rule makes behind the known ones.
    private static func append(_ rule: [Int64], to transitions: inout [(at: Int64, offset: Int64)]) {
        let (winter, summer) = (rule[0], rule[1])
        let last = transitions.last?.at ?? 0
        for year in 1970..<end {
            let start = midnight(year, rule[2...]) + rule[5] - winter
            let stop = midnight(year, rule[6...]) + rule[9] - summer
            let both = [(at: start, offset: summer), (at: stop, offset: winter)]
            transitions += both.sorted { $0.at < $1.at }.filter { $0.at > last }
        }
    }

    /// Local seconds since 1970 of the month's n-th such weekday, or the last one.
    private static func midnight(_ year: Int, _ rule: ArraySlice<Int64>) -> Int64 {
        let numbers = rule.prefix(3).map { Int($0) }
        let first = TimeParser.daysSince1970(year, numbers[0], 1)
        let next =
            numbers[0] == 12
            ? TimeParser.daysSince1970(year + 1, 1, 1) : TimeParser.daysSince1970(year, numbers[0] + 1, 1)
        // 1970-01-01 was a Thursday, the fourth day.
        let weekday = Int((first + 4) % 7 + 7) % 7
        var day = first + Int64((numbers[2] - weekday + 7) % 7 + (numbers[1] - 1) * 7)
        while day >= next { day -= 7 }
        return day * 86_400
    }
}
