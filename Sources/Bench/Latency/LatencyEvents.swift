import Console
import Foundation

/// Writes the events of a latency run: mostly ordinary transfers, four by each actor, some seconds apart, as of the
/// simulator's personas; and now and then a fraud of an actor of its own that one event gives away, so that each of
/// those is an alert.
struct LatencyEvents: Sendable {
    /// Every how many events an alert is due.
    let hotEvery: Int
    let rate: Double
    private let actorsAtOnce: Int
    /// Event time of the first event, microseconds.
    private let epoch: Int64

    init(rate: Double, alertsPerSecond: Double) {
        self.rate = rate
        actorsAtOnce = max(1, Int(rate * Self.secondsBetween))
        hotEvery = max(1, Int((rate / alertsPerSecond).rounded()))
        epoch = Int64(Date().timeIntervalSince1970 * 1e6)
    }

    /// Seconds between two events of an actor.
    private static let secondsBetween = 3.0

    func isHot(_ event: Int) -> Bool { event % hotEvery == hotEvery - 1 }

    /// How many of the first events are to be alerts.
    func hotCount(below event: Int) -> Int { event / hotEvery }

    /// Appends the events of a range, one a line.
    func write(_ range: Range<Int>, to out: inout [UInt8]) {
        var second = Int64.min
        var clock = ""
        for event in range {
            let time = epoch + Int64(Double(event) * 1e6 / rate)
            if time / 1_000_000 != second {
                second = time / 1_000_000
                clock = String(Date(timeIntervalSince1970: Double(second)).ISO8601Format().prefix(19))
            }
            out += "{\"transaction_id\":\"L".utf8
            Self.digits(event, 12, &out)
            out += "\",\"domain\":\"fintech\",\"timestamp\":\"".utf8
            out += clock.utf8
            out.append(0x2E)
            Self.digits(Int(time % 1_000_000), 6, &out)
            if isHot(event) {
                out += "+00:00\",\"actor_id\":\"H".utf8
                Self.digits(event, 12, &out)
                out +=
                    """
                    ","amount":274375.91,"currency":"USD","ip_address":"91.12.4.200","account_from":"A733001",\
                    "account_to":"ACC5550123","transfer_type":"swift","country_from":"US","country_to":"KY",\
                    "purpose":"business"}\n
                    """.utf8
            } else {
                out += "+00:00\",\"actor_id\":\"A".utf8
                Self.digits(event % actorsAtOnce + event / (4 * actorsAtOnce) * actorsAtOnce, 9, &out)
                out +=
                    """
                    ","amount":812.17,"currency":"USD","ip_address":"91.12.4.200","account_from":"A733001",\
                    "account_to":"ACC1550123","transfer_type":"ach","country_from":"US","country_to":"US",\
                    "purpose":"personal"}\n
                    """.utf8
            }
        }
    }

    /// The event that an id names.
    static func event(of id: some StringProtocol) -> Int? { id.hasPrefix("L") ? Int(id.dropFirst()) : nil }

    /// The ids of those among the lines that are to be alerts.
    func hotIDs(in lines: [UInt8]) -> [String] {
        var found: [String] = []
        var start = 0
        while start + Self.idStart + Self.idCount <= lines.count {
            let id = lines[(start + Self.idStart)..<(start + Self.idStart + Self.idCount)]
            let event = id.dropFirst().reduce(0) { $0 * 10 + Int($1 & 0xF) }
            if isHot(event) { found.append(String(decoding: id, as: UTF8.self)) }
            guard let end = lines[start...].firstIndex(of: 0x0A) else { break }
            start = end + 1
        }
        return found
    }

    /// Where an event's id is in its line, and how long it is.
    private static let idStart = #"{"transaction_id":""#.utf8.count
    private static let idCount = 13

    private static func digits(_ value: Int, _ count: Int, _ out: inout [UInt8]) {
        var rest = value
        let start = out.count
        for _ in 0..<count { out.append(0x30) }
        for index in stride(from: start + count - 1, through: start, by: -1) {
            out[index] = 0x30 + UInt8(rest % 10)
            rest /= 10
        }
    }
}

/// What takes the events of a latency run. Each is used by one thread.
protocol LatencySender: Sendable {
    /// Returns when the events have been received for good.
    func send(_ body: [UInt8], events: Range<Int>, _ made: LatencyEvents) throws(CommandError)
}
