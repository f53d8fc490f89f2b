import Base
import EventLog
public import FileStore

/// An end of a range of the log.
public enum LogBound: Equatable, Sendable {
    case offset(Int64)
    /// Microseconds since 1970.
    case time(Int64)
}

/// The events of one partition that lie in a range of the log, in the order of their offsets.
public final class LogEvents {
    public struct Event {
        public let offset: Int64
        /// Since 1970.
        public let milliseconds: Int64
        public let key: ArraySlice<UInt8>?
        public let value: ArraySlice<UInt8>
    }

    private let reader: PartitionReader
    private let from: LogBound?
    private let to: LogBound?
    private let batch = RecordBatch()
    /// The batch's records that are still to come.
    private var rest = 0..<0
    /// Whether the range begins behind the log's end.
    private let isEmpty: Bool

    /// - Parameters:
    ///   - partition: The partition that is read.
    ///   - store: The data directory's files.
    ///   - from: The first offset, or the earliest time, which is a condition on each event: they come out of order.
    ///   - to: The offset behind the last one, or the time that all events are before.
    /// - Throws: ``UpkeepError`` if the log cannot be read.
    public init(
        _ partition: LogPartition,
        _ store: DiskStore,
        from: LogBound? = nil,
        to: LogBound? = nil
    ) throws(UpkeepError) {
        reader = PartitionReader(directory: partition.directory, store: store)
        self.from = from
        self.to = to
        switch from {
        case .offset(let offset):
            reader.seek(to: LogOffset(offset))
            isEmpty = false
        case .time(let time):
            do throws(LogError) { isEmpty = try !reader.seek(toTime: (time + 999) / 1000) } catch {
                throw UpkeepError(error)
            }
        case nil: isEmpty = false
        }
        if case .offset(let end) = to { reader.endOffset = LogOffset(end) }
    }

    /// The next event; nil behind the last one.
    ///
    /// - Throws: ``UpkeepError`` if the log is damaged or cannot be read.
    public func next() throws(UpkeepError) -> Event? {
        guard !isEmpty else { return nil }
        while true {
            while let index = rest.popFirst() {
                let record = batch.records[index]
                let offset = batch.baseOffset + Int64(index)
                guard isWanted(record, offset) else { continue }
                return Event(
                    offset: offset,
                    milliseconds: record.timestampMilliseconds,
                    key: record.key.map { batch.bytes[$0] },
                    value: batch.bytes[record.value]
                )
            }
            do throws(LogError) { guard try reader.next(into: batch) else { return nil } } catch {
                throw UpkeepError(error)
            }
            // What a repair has put in for lost records is no event.
            rest = batch.lostRange == nil ? 0..<batch.count : 0..<0
        }
    }

    private func isWanted(_ record: RecordBatch.Record, _ offset: Int64) -> Bool {
        // A time that no event of ours has is before or behind all that can be asked for.
        let (product, isHuge) = record.timestampMilliseconds.multipliedReportingOverflow(by: 1000)
        let microseconds = isHuge ? (record.timestampMilliseconds < 0 ? .min : .max) : product
        let isLate =
            switch from {
            case .offset(let first): offset >= first
            case .time(let first): microseconds >= first
            case nil: true
            }
        let isEarly =
            switch to {
            case .offset(let end): offset < end
            case .time(let end): microseconds < end
            case nil: true
            }
        return isLate && isEarly
    }
}
