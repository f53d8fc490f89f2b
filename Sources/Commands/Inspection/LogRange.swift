import ArgumentParser
import Base
import Bytes
import Console
import EventLog
import FileStore
import Upkeep

/// Which part of the log: `--partition`, and `--from` and `--to` as offsets or as times.
struct LogRange: ParsableArguments {
    @Option(help: "Partition; all of them otherwise.")
    var partition: Int?

    @Option(help: "First offset, or earliest event time (ISO 8601).")
    var from: LogBound?

    @Option(help: "Offset behind the last one, or the time that all events are before (ISO 8601).")
    var to: LogBound?

    /// Calls the body with each wanted record of a partition, in offset order, until it returns false.
    func forEach(
        in partition: LogPartition,
        _ store: DiskStore,
        _ body: (RecordBatch, RecordBatch.Record, Int64) throws(CommandError) -> Bool
    ) throws(CommandError) {
        let reader = PartitionReader(directory: partition.directory, store: store)
        let batch = RecordBatch()
        do throws(LogError) {
            switch from {
            case .offset(let offset): reader.seek(to: LogOffset(offset))
            case .time(let time): guard try reader.seek(toTime: (time + 999) / 1000) else { return }
            case nil: break
            }
        } catch {
            throw CommandError(error)
        }
        if case .offset(let end) = to { reader.endOffset = LogOffset(end) }
        while try next(reader, batch) {
            // What a repair has put in for lost records is no event.
            if batch.lostRange != nil { continue }
            for (index, record) in batch.records.enumerated() {
                let offset = batch.baseOffset + Int64(index)
                guard isWanted(record, offset) else { continue }
                guard try body(batch, record, offset) else { return }
            }
        }
    }

    private func next(_ reader: PartitionReader, _ batch: RecordBatch) throws(CommandError) -> Bool {
        try CommandError.running { () throws(LogError) in try reader.next(into: batch) }
    }

    /// Events come out of order, so a time is a condition on each.
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

/// An end of a range of the log.
enum LogBound: ExpressibleByArgument, Equatable {
    case offset(Int64)
    /// Microseconds since 1970.
    case time(Int64)

    init?(argument: String) {
        if let offset = Int64(argument) {
            guard offset >= 0 else { return nil }
            self = .offset(offset)
        } else {
            var text = argument
            guard let time = text.withUTF8({ TimeParser.iso8601($0) }) else { return nil }
            self = .time(time)
        }
    }
}
