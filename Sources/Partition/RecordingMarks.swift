import Bytes
public import Ingest
public import Plan

/// What a partition has taken of one recording: the newest mark of each range of event time that was read of it.
///
/// A mark says that every event of its range is taken up to its line, by that run or by one before. What a recording
/// still owes is all its lines without these.
public struct RecordingMarks: Equatable, Sendable {
    /// Those that say something, the newest last; none covers another one that is not further.
    public private(set) var marks: [SourceMark] = []

    public init() {}

    /// The mark that is the furthest in the recording.
    public var furthest: SourceMark? { marks.max { $0.position.byte < $1.position.byte } }

    var furthestLine: Int { marks.reduce(0) { max($0, $1.position.line) } }

    /// Whether a pipeline that reads lines in one of these ways, which are the same, can tell what is left.
    public func isReadable(by readings: [UInt32]) -> Bool {
        marks.allSatisfy { $0.range == .all || readings.contains($0.reading) }
    }

    package mutating func note(_ mark: SourceMark) {
        marks.removeAll { mark.range.covers($0.range) && $0.position.byte <= mark.position.byte }
        marks.append(mark)
    }

    /// Whether the event of a line has been taken. Every run takes what it cannot read.
    func hasTaken(_ batch: ColumnBatch, _ row: Int, line: Int) -> Bool {
        marks.contains { line <= $0.position.line && $0.range.takes(batch, row) }
    }

    /// How far a run over the range need not read again, and what it had left out up to there.
    package func done(in range: TimeRange) -> (position: RecordingPosition, leftOut: Int) {
        // Whatever was taken since that mark would be counted as left out.
        if let newest = marks.last, newest.range == range { return (newest.position, newest.leftOut) }
        return range == .all ? (everythingUpTo, 0) : (RecordingPosition(), 0)
    }

    /// Up to where every event has been taken, whatever its time.
    private var everythingUpTo: RecordingPosition {
        let borders = Set(marks.map(\.range.from) + marks.map(\.range.to).filter { $0 != .max } + [Int64.min])
        let furthest = borders.map { border in
            marks.filter { $0.range.contains(border) }.map(\.position).max { $0.byte < $1.byte }
        }
        guard furthest.allSatisfy({ $0 != nil }) else { return RecordingPosition() }
        return furthest.compactMap { $0 }.min { $0.byte < $1.byte } ?? RecordingPosition()
    }
}

extension RecordingMarks {
    /// From where on some partition needs a recording for a range.
    public static func start(of range: TimeRange, _ partitions: [RecordingMarks?]) -> RecordingPosition {
        partitions.map { $0?.done(in: range).position ?? RecordingPosition() }.min { $0.byte < $1.byte }
            ?? RecordingPosition()
    }
}

extension PipelinePlan {
    /// Checksums of ``Plan/PipelinePlan/readings``: marks have had either.
    public var readingChecksums: [UInt32] { readings.map { Checksum.crc32c(Array($0.utf8)) } }
}
