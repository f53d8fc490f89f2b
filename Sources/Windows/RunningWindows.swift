import Base
import Plan

/// What is known of the windows of one key from its last event, so that the next one costs what has changed: the
/// window's rows as of then, the exact moments of each value over them, and how often each text or number that is
/// counted is in them.
///
/// Kept only for keys with many rows: a short window is as quick to go through. Nothing of it is in a checkpoint; it is
/// made again when it is asked for, with the same results, because moments and counts are exact.
struct RunningWindows: ~Copyable {
    /// Rows a key must have: fewer are gone through each time.
    static let rowsMin = 24

    struct Span {
        var first: Int32 = 0
        var end: Int32 = 0
    }

    private let spanCount: Int
    private let momentCount: Int
    private let counterCount: Int
    private var spans: UnsafeMutablePointer<Span>
    private var moments: UnsafeMutablePointer<ExactMoments>
    private var counts: UnsafeMutablePointer<TextCounts>
    private let countBytes = UnsafeMutablePointer<Int>.allocate(capacity: 1)
    private var capacity = 0
    private var used = 0
    private var free: [Int32] = []

    /// - Parameters:
    ///   - spanCount: Windows of the entity.
    ///   - momentCount: Values that are summed up, over all windows.
    ///   - counterCount: Values whose different ones are counted, over all windows.
    init(spanCount: Int, momentCount: Int, counterCount: Int) {
        self.spanCount = spanCount
        self.momentCount = momentCount
        self.counterCount = counterCount
        spans = .allocate(capacity: 0)
        moments = .allocate(capacity: 0)
        counts = .allocate(capacity: 0)
        countBytes.initialize(to: 0)
    }

    /// An empty one for the same windows.
    init(like other: borrowing RunningWindows) {
        self.init(spanCount: other.spanCount, momentCount: other.momentCount, counterCount: other.counterCount)
    }

    deinit {
        for number in 0..<used * counterCount { counts[number].removeAll() }
        spans.deallocate()
        moments.deallocate()
        counts.deallocate()
        countBytes.deallocate()
    }

    /// Bytes of memory that is taken, for keys that are there and that were.
    var byteCount: Int { used * bytesPerKey + free.capacity * MemoryLayout<Int32>.stride + countBytes.pointee }

    private var bytesPerKey: Int {
        spanCount * 8 + momentCount * MemoryLayout<ExactMoments>.stride
            + counterCount * MemoryLayout<TextCounts>.stride
    }

    /// What is known of one key's windows.
    struct Known {
        let spans: UnsafeMutablePointer<Span>
        let moments: UnsafeMutablePointer<ExactMoments>
        let counts: UnsafeMutablePointer<TextCounts>
    }

    @inline(__always)
    func known(_ number: Int32) -> Known {
        Known(
            spans: spans + Int(number) * spanCount,
            moments: moments + Int(number) * momentCount,
            counts: counts + Int(number) * counterCount
        )
    }

    mutating func take() -> Int32 {
        let number: Int32
        if let known = free.popLast() {
            number = known
        } else {
            if used == capacity { grow() }
            number = Int32(used)
            used += 1
            known(number).counts.initialize(repeating: TextCounts(bytes: countBytes), count: counterCount)
        }
        reset(number)
        return number
    }

    mutating func giveBack(_ number: Int32) {
        precondition(number >= 0 && number < used && free.count < used, "What is given back was taken.")
        reset(number)
        free.append(number)
    }

    /// The rows have moved: all windows are empty, and begin anew.
    func reset(_ number: Int32) {
        precondition(number >= 0 && number < used, "What is reset was taken.")
        let known = known(number)
        known.spans.initialize(repeating: Span(), count: spanCount)
        known.moments.initialize(repeating: ExactMoments(), count: momentCount)
        for counter in 0..<counterCount { known.counts[counter].removeAll() }
    }

    private mutating func grow() {
        precondition(used == capacity && free.isEmpty, "There is room for no other key.")
        let larger = max(16, capacity * 2)
        let newSpans = UnsafeMutablePointer<Span>.allocate(capacity: larger * spanCount)
        let newMoments = UnsafeMutablePointer<ExactMoments>.allocate(capacity: larger * momentCount)
        let newCounts = UnsafeMutablePointer<TextCounts>.allocate(capacity: larger * counterCount)
        newSpans.moveInitialize(from: spans, count: used * spanCount)
        newCounts.moveInitialize(from: counts, count: used * counterCount)
        newMoments.moveInitialize(from: moments, count: used * momentCount)
        spans.deallocate()
        moments.deallocate()
        counts.deallocate()
        (spans, moments, counts, capacity) = (newSpans, newMoments, newCounts, larger)
    }
}

extension EntityProgram {
    /// A row has been put in front of others: the windows' rows have new places, and the new one may be among them.
    @inline(__always)
    func noteInsertion(
        at position: Int,
        _ block: UnsafeMutablePointer<UInt64>,
        _ known: RunningWindows.Known
    ) {
        let spans = known.spans
        for (index, group) in groups.enumerated() where position < Int(spans[index].end) {
            spans[index].end += 1
            if position < Int(spans[index].first) {
                spans[index].first += 1
            } else {
                change(group, row: block + position * width, known, adding: true)
            }
        }
    }

    /// Moves a window to the rows `range`: what left it is taken away, what came is added.
    @inline(__always)
    func move(
        _ group: Group,
        to range: RowRange,
        _ block: UnsafeMutablePointer<UInt64>,
        _ span: inout RunningWindows.Span,
        _ known: RunningWindows.Known
    ) {
        var (first, end) = (Int(span.first), Int(span.end))
        if range.first >= end || range.end <= first {
            // Nothing in common: cheaper from nothing, if the old rows are many.
            for index in group.moments { known.moments[index] = ExactMoments() }
            for index in group.counters { known.counts[index].removeAll() }
            (first, end) = (range.first, range.first)
        }
        while end < range.end {
            change(group, row: block + end * width, known, adding: true)
            end += 1
        }
        while first > range.first {
            first -= 1
            change(group, row: block + first * width, known, adding: true)
        }
        while end > range.end {
            end -= 1
            change(group, row: block + end * width, known, adding: false)
        }
        while first < range.first {
            change(group, row: block + first * width, known, adding: false)
            first += 1
        }
        assert(first == range.first && end == range.end, "The window is where it should be.")
        span = RunningWindows.Span(first: Int32(first), end: Int32(end))
    }

    /// Different values in a window, but for a row that is left out of it.
    @inline(never)
    func distinct(_ counter: Int, _ known: RunningWindows.Known, without row: UnsafePointer<UInt64>?) -> Double {
        let counts = known.counts[counter]
        guard let row, counts.hasOnce(counters[counter].value(of: row)) else { return Double(counts.distinct) }
        return Double(counts.distinct - 1)
    }

    @inline(__always)
    private func change(
        _ group: Group,
        row: UnsafeMutablePointer<UInt64>,
        _ known: RunningWindows.Known,
        adding: Bool
    ) {
        for index in group.moments {
            let source = moments[index]
            known.moments[index].change(Double(bitPattern: row[source.word]), adding: adding, source)
        }
        for index in group.counters { known.counts[index].change(counters[index].value(of: row), adding: adding) }
    }
}
