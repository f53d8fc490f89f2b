import Base
import Plan

/// What is known of the windows of one key from its last event, so that the next one costs what has changed: the window's
/// rows as of then, and the exact moments of each value over them.
///
/// Kept only for keys with many rows: a short window is as quick to go through. Nothing of it is in a checkpoint; it is
/// made again when it is asked for, with the same results, because the moments are exact.
struct RunningWindows: ~Copyable {
    /// Rows a key must have: fewer are gone through each time.
    static let rowsMin = 24

    struct Span {
        var first: Int32 = 0
        var end: Int32 = 0
    }

    private let spanCount: Int
    private let momentCount: Int
    private var spans: UnsafeMutablePointer<Span>
    private var moments: UnsafeMutablePointer<ExactMoments>
    private var capacity = 0
    private var used = 0
    private var free: [Int32] = []

    /// - Parameters:
    ///   - spanCount: Windows of the entity.
    ///   - momentCount: Values that are summed up, over all windows.
    init(spanCount: Int, momentCount: Int) {
        self.spanCount = spanCount
        self.momentCount = momentCount
        spans = .allocate(capacity: 0)
        moments = .allocate(capacity: 0)
    }

    deinit {
        spans.deallocate()
        moments.deallocate()
    }

    /// Whether there is anything to be known.
    var isUseful: Bool { momentCount > 0 }

    var byteCount: Int { (used - free.count) * (spanCount * 8 + momentCount * MemoryLayout<ExactMoments>.stride) }

    mutating func take() -> Int32 {
        let number: Int32
        if let known = free.popLast() {
            number = known
        } else {
            if used == capacity { grow() }
            number = Int32(used)
            used += 1
        }
        reset(number)
        return number
    }

    mutating func giveBack(_ number: Int32) { free.append(number) }

    /// The rows have moved: all windows are empty, and begin anew.
    func reset(_ number: Int32) {
        spans(number).initialize(repeating: Span(), count: spanCount)
        moments(number).initialize(repeating: ExactMoments(), count: momentCount)
    }

    @inline(__always)
    func spans(_ number: Int32) -> UnsafeMutablePointer<Span> { spans + Int(number) * spanCount }

    @inline(__always)
    func moments(_ number: Int32) -> UnsafeMutablePointer<ExactMoments> { moments + Int(number) * momentCount }

    private mutating func grow() {
        let larger = max(16, capacity * 2)
        let newSpans = UnsafeMutablePointer<Span>.allocate(capacity: larger * spanCount)
        let newMoments = UnsafeMutablePointer<ExactMoments>.allocate(capacity: larger * momentCount)
        newSpans.moveInitialize(from: spans, count: used * spanCount)
        newMoments.moveInitialize(from: moments, count: used * momentCount)
        spans.deallocate()
        moments.deallocate()
        (spans, moments, capacity) = (newSpans, newMoments, larger)
    }
}

extension EntityProgram {
    /// A row has been put in front of others: the windows' rows have new places, and the new one may be among them.
    @inline(__always)
    func noteInsertion(
        at position: Int,
        _ block: UnsafeMutablePointer<UInt64>,
        _ spans: UnsafeMutablePointer<RunningWindows.Span>,
        _ moments: UnsafeMutablePointer<ExactMoments>
    ) {
        for (index, group) in groups.enumerated() where position < Int(spans[index].end) {
            spans[index].end += 1
            if position < Int(spans[index].first) {
                spans[index].first += 1
            } else {
                change(group, row: block + position * width, moments, adding: true)
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
        _ moments: UnsafeMutablePointer<ExactMoments>
    ) {
        var (first, end) = (Int(span.first), Int(span.end))
        if range.first >= end || range.end <= first {
            // Nothing in common: cheaper from nothing, if the old rows are many.
            for index in group.moments { moments[index] = ExactMoments() }
            (first, end) = (range.first, range.first)
        }
        while end < range.end {
            change(group, row: block + end * width, moments, adding: true)
            end += 1
        }
        while first > range.first {
            first -= 1
            change(group, row: block + first * width, moments, adding: true)
        }
        while end > range.end {
            end -= 1
            change(group, row: block + end * width, moments, adding: false)
        }
        while first < range.first {
            change(group, row: block + first * width, moments, adding: false)
            first += 1
        }
        span = RunningWindows.Span(first: Int32(first), end: Int32(end))
    }

    @inline(__always)
    private func change(
        _ group: Group,
        row: UnsafeMutablePointer<UInt64>,
        _ moments: UnsafeMutablePointer<ExactMoments>,
        adding: Bool
    ) {
        for index in group.moments {
            let source = self.moments[index]
            moments[index].change(Double(bitPattern: row[source.word]), adding: adding, source)
        }
    }
}
