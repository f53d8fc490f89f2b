/// Events far ahead of those around them: what few of the events behind them come near is a clock that is wrong, and
/// everything behind it would be late.
struct StrayTimes {
    /// The order of all other events.
    private(set) var order = TimeSurvey()
    private(set) var count = 0
    /// By how much they were ahead at most, and the lines of the first ones.
    private(set) var distance: Int64 = 0
    private(set) var lines: [Int] = []
    /// Events that are not decided, the oldest one at `next` once there are as many as there may be.
    private var waiting: [(time: Int64, line: Int)] = []
    private var next = 0

    /// Events behind one that it is decided by, and how many of them have to come up to it.
    private static let window = 64
    private static let quorum = 4
    /// What is ahead by less is no stray.
    private static let leap = 3_600_000_000 as Int64

    mutating func note(_ time: Int64, line: Int) {
        guard waiting.count > Self.window else { return waiting.append((time, line)) }
        decide(next, behind: Self.window)
        waiting[next] = (time, line)
        next = (next + 1) % waiting.count
    }

    /// The same once nothing more comes.
    func ended() -> StrayTimes {
        var all = self
        for left in (0..<waiting.count).reversed() {
            all.decide(all.next, behind: left)
            all.next = (all.next + 1) % waiting.count
        }
        return all
    }

    /// Whether they are few, and the others are in an order that is much better without them.
    func areTelling(of all: TimeSurvey) -> Bool {
        count > 0 && count <= max(2, all.count / 100) && all.count >= 100 && order.lateness < all.lateness / 4
    }

    /// Decides of the event at a place by those behind it.
    private mutating func decide(_ place: Int, behind left: Int) {
        let (time, line) = waiting[place]
        let isAhead = order.count == 0 || time.subtractingReportingOverflow(order.newest).partialValue > Self.leap
        guard isAhead, !isReached(time, place, left) else { return order.note(time, line: line) }
        count += 1
        if order.count > 0 { distance = max(distance, time - order.newest) }
        if lines.count < 3 { lines.append(line) }
    }

    private func isReached(_ time: Int64, _ place: Int, _ left: Int) -> Bool {
        let needed = left >= Self.quorum * 2 ? Self.quorum : min(1, left)
        var found = 0
        for step in 0..<left where found < needed {
            if waiting[(place + 1 + step) % waiting.count].time >= time { found += 1 }
        }
        return found >= needed
    }
}
