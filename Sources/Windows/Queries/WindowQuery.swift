import Base
import Plan

/// Groups a stream by key and window, and hands out a row for every key of a window that the clock has passed.
///
/// Time is cut into panes of `every`; an event changes one row of its pane, and a window is the merge of its panes (Li
/// et al., "No pane, no gain", SIGMOD Record 34(1), 2005). Panes that no open window needs are emptied, so that memory
/// follows the keys of the open windows, never the length of the stream.
final class WindowQuery: QueryMachine {
    private let size: Int64
    private let every: Int64
    private let layout: PaneLayout
    private let arguments: [Expression?]
    private let keys: KeyLanes
    private let lanes: Lanes
    private let numbers: [UnsafeMutablePointer<Double>]
    private let texts: [UnsafeMutablePointer<Text>]
    private let times: UnsafeMutablePointer<Int64>
    private let rows: UnsafeMutablePointer<UnsafeMutablePointer<UInt64>>
    private let keyWords: UnsafeMutablePointer<UInt64>
    /// Panes by start, ascending, and emptied ones for reuse.
    private var panes: [PaneTable] = []
    private var spare: [PaneTable] = []
    /// The end of the next window that may close; nil before the first event.
    private var nextEnd: Int64?
    private let output: RowOutput

    /// Takes a query of kind windows, and how many events a batch has at most.
    init(size: Int64, every: Int64, columns: [Query.Column], entity: Entity, capacity: Int) {
        self.size = size
        self.every = every
        layout = PaneLayout(keyParts: entity.key.count, columns: columns)
        arguments = columns.map(\.argument)
        keys = KeyLanes(entity: entity, capacity: capacity)
        lanes = Lanes(capacity: capacity)
        numbers = columns.map { _ in .allocate(capacity: capacity) }
        texts = columns.map { _ in .allocate(capacity: capacity) }
        times = .allocate(capacity: capacity)
        rows = .allocate(capacity: capacity)
        keyWords = .allocate(capacity: layout.keyWords)
        output = RowOutput(keyParts: entity.key.count, columns: columns.count)
    }

    deinit {
        for lane in numbers { lane.deallocate() }
        for lane in texts { lane.deallocate() }
        times.deallocate()
        rows.deallocate()
        keyWords.deallocate()
    }

    func process(
        _ batch: ColumnBatch,
        rows positions: UnsafePointer<Int32>,
        clocks: UnsafePointer<Int64>,
        count: Int,
        into sink: any QuerySink
    ) {
        guard count > 0 else { return }
        let evaluator = Evaluator(lanes: lanes, batch: batch, rows: positions, count: count)
        keys.evaluate(evaluator)
        for (column, argument) in arguments.enumerated() {
            guard let argument else { continue }
            if argument.type == .text {
                evaluator.texts(argument, into: texts[column])
            } else {
                evaluator.numbers(argument, into: numbers[column])
            }
        }
        for event in 0..<count { times[event] = batch.times[Int(positions[event])] }
        var first = 0
        while first < count {
            // Up to the event that closes a window: nothing is handed out between these.
            close(upTo: clocks[first], into: sink)
            let limit = nextEnd ?? .max
            var end = first + 1
            while end < count, clocks[end] < limit { end += 1 }
            step(batch, positions, first..<end)
            first = end
        }
    }

    private func step(_ batch: ColumnBatch, _ positions: UnsafePointer<Int32>, _ range: Range<Int>) {
        var first = range.lowerBound
        while first < range.upperBound {
            // Events of one pane in a row share its set of larger sets.
            let start = times[first] - floorRemainder(times[first], every)
            let pane = pane(at: start)
            var end = first
            while end < range.upperBound, times[end] >= start, times[end] < start + every { end += 1 }
            find(batch, positions, first..<end, in: pane)
            for (column, cell) in layout.cells.enumerated() {
                cell.update(
                    rows,
                    first..<end,
                    numbers: numbers[column],
                    texts: texts[column],
                    times: times,
                    overflow: pane.overflow
                )
            }
            first = end
        }
    }

    /// Finds the row of each event; an event without a key changes a row that nobody sees.
    private func find(_ batch: ColumnBatch, _ positions: UnsafePointer<Int32>, _ range: Range<Int>, in pane: PaneTable)
    {
        for event in range {
            guard !keys.isAbsent(event) else {
                rows[event] = output.nobody(width: layout.width)
                continue
            }
            for (part, lane) in keys.parts.enumerated() {
                keyWords[part * 2] = lane[event].low
                keyWords[part * 2 + 1] = lane[event].high
            }
            let (row, isNew) = pane.insert(hash: keys.hashes[event], keyWords)
            if isNew {
                for cell in layout.cells { cell.clear(row) }
                keys.keepNames(event, row: Int(positions[event]), batch, in: pane.names)
            }
            rows[event] = row
        }
    }

    private func pane(at start: Int64) -> PaneTable {
        if let known = panes.last(where: { $0.start == start }) { return known }
        let pane = spare.popLast() ?? PaneTable(layout: layout, start: start)
        pane.begin(at: start)
        panes.insert(pane, at: panes.firstIndex { $0.start > start } ?? panes.count)
        nextEnd = min(nextEnd ?? .max, start + every)
        return pane
    }

    func finish(into sink: any QuerySink) {
        close(upTo: .max, into: sink)
    }

    private func close(upTo clock: Int64, into sink: any QuerySink) {
        while let end = nextEnd, end <= clock {
            emit(end: end, into: sink)
            // The next window that has a pane: the stream may have a gap.
            while let pane = panes.first, pane.start + size <= end { spare.append(panes.removeFirst()) }
            nextEnd = panes.first.map { max(end, $0.start) + every }
            if spare.count > 2 { spare.removeFirst(spare.count - 2) }
        }
    }

    private func emit(end: Int64, into sink: any QuerySink) {
        let members = panes.filter { $0.start >= end - size && $0.start < end }
        guard members.count > 1 else {
            if let only = members.first { output.write(only, start: end - size, end: end, into: sink) }
            return
        }
        let merged = spare.popLast() ?? PaneTable(layout: layout, start: end)
        merged.begin(at: end)
        for pane in members {
            for index in 0..<pane.count {
                let source = pane.row(index)
                let (row, isNew) = merged.insert(hash: layout.hash(of: source), source)
                if isNew {
                    for cell in layout.cells { cell.clear(row) }
                    if !pane.names.isEmpty {
                        for word in stride(from: 0, to: layout.keyWords, by: 2) {
                            merged.names.keep(Text(low: source[word], high: source[word + 1]), from: pane.names)
                        }
                    }
                }
                for cell in layout.cells { cell.merge(source, pane.overflow, into: row, merged.overflow) }
            }
        }
        output.write(merged, start: end - size, end: end, into: sink)
        spare.append(merged)
    }
}

@inline(__always)
private func floorRemainder(_ value: Int64, _ divisor: Int64) -> Int64 {
    let remainder = value % divisor
    return remainder < 0 ? remainder + divisor : remainder
}
