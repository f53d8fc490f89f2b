import Base
import Plan

/// The columns in which a query's finished rows are handed over, a few hundred at a time.
final class RowOutput {
    private static let capacity = 512

    private let starts: UnsafeMutablePointer<Int64>
    private let ends: UnsafeMutablePointer<Int64>
    private let keys: [UnsafeMutablePointer<Text>]
    private let columns: [UnsafeMutablePointer<Double>]
    private var count = 0
    private var nobodyRow: UnsafeMutablePointer<UInt64>?

    init(keyParts: Int, columns: Int) {
        starts = .allocate(capacity: Self.capacity)
        ends = .allocate(capacity: Self.capacity)
        keys = (0..<keyParts).map { _ in .allocate(capacity: Self.capacity) }
        self.columns = (0..<columns).map { _ in .allocate(capacity: Self.capacity) }
    }

    deinit {
        starts.deallocate()
        ends.deallocate()
        for lane in keys { lane.deallocate() }
        for lane in columns { lane.deallocate() }
        nobodyRow?.deallocate()
    }

    /// A row for events that belong to no key.
    func nobody(width: Int) -> UnsafeMutablePointer<UInt64> {
        if let nobodyRow { return nobodyRow }
        let row = UnsafeMutablePointer<UInt64>.allocate(capacity: width)
        row.initialize(repeating: 0, count: width)
        nobodyRow = row
        return row
    }

    /// Hands over all rows of a window.
    func write(_ pane: PaneTable, start: Int64, end: Int64, into sink: any QuerySink) {
        starts.update(repeating: start, count: Self.capacity)
        ends.update(repeating: end, count: Self.capacity)
        var first = 0
        while first < pane.count {
            count = min(Self.capacity, pane.count - first)
            for (part, lane) in keys.enumerated() {
                for index in 0..<count {
                    let row = pane.row(first + index)
                    lane[index] = Text(low: row[part * 2], high: row[part * 2 + 1])
                }
            }
            for (lane, cell) in zip(columns, pane.layout.cells) {
                for index in 0..<count { lane[index] = cell.result(pane.row(first + index)) }
            }
            flush(pane.names, into: sink)
            first += Self.capacity
        }
    }

    /// Adds one match of a sequence.
    func add(start: Int64, end: Int64, key: (Int) -> Text, names: KeyNames, into sink: any QuerySink) {
        starts[count] = start
        ends[count] = end
        for (part, lane) in keys.enumerated() { lane[count] = key(part) }
        count += 1
        if count == Self.capacity { flush(names, into: sink) }
    }

    func flush(_ names: KeyNames, into sink: any QuerySink) {
        guard count > 0 else { return }
        sink.take(
            QueryRows(
                count: count,
                starts: UnsafePointer(starts),
                ends: UnsafePointer(ends),
                keys: keys.map { UnsafePointer($0) },
                columns: columns.map { UnsafePointer($0) },
                names: names
            )
        )
        count = 0
    }
}
