public import Base
import Bytes
import FileStore

extension PartitionLog {
    /// Appends the builder's records as one batch and returns the offset of the first.
    ///
    /// A batch of a producer (``RecordBatchBuilder/producer``) that is here already, among its last five, is not
    /// written again and gets the offset of the first time.
    ///
    /// - Throws: ``LogError/outOfSequence(directory:id:expected:found:)``,
    ///   ``LogError/staleProducer(directory:id:epoch:found:)`` and ``LogError/noRoom(directory:cause:)``, after which
    ///   the log goes on; and what the disk says.
    ///
    /// After any other failure the log takes nothing more until it is opened anew: only reading the file can tell what
    /// is in it.
    public func append(_ batch: RecordBatchBuilder) throws(LogError) -> LogOffset {
        try checkUsable()
        let base = endOffset
        let bytes = try batch.encode(baseOffset: base.rawValue, compression: settings.compression)
        let header = BatchHeader(bytes, position: size)
        if let known = try producers.find(header, directory) {
            // What recovery found may be in memory only.
            if settings.durability == .fsync { try sync() }
            return known
        }
        let end = base.advanced(by: batch.count)
        precondition(header.baseOffset == base.rawValue && header.span == batch.count, "Offsets have no gap.")
        do throws(FileError) {
            try settle()
            if shouldRoll(header, end) { try roll() }
            try fillAhead(bytes.count)
            try store.write(bytes, to: segment.log, at: size)
            if settings.durability == .fsync {
                try store.sync(segment.log)
                durableOffset = end
            }
        } catch {
            let refusal = refused(error)
            cutUnacknowledged()
            throw refusal
        }
        index.add(BatchHeader(bytes, position: size))
        producers.add(header)
        firstTimestamp = firstTimestamp ?? header.largestTimestamp
        size += bytes.count
        filledSize = max(filledSize, size)
        endOffset = end
        precondition(durableOffset <= endOffset, "What is durable lies in the log.")
        if settings.durability == .fsync { try noteDurable() }
        return base
    }

    /// Appends batches in their order, with one write and, with ``LogSettings/Durability/fsync``, one sync for all that
    /// go into the same segment. Returns the offset of each one's first record, or why it was not taken.
    ///
    /// A batch of a producer (``RecordBatchBuilder/producer``) that is here already, among its last five, is not
    /// written again and gets the offset of the first time.
    ///
    /// After a failure of the disk, a full one included, every batch of the call has failed, though some of them may be
    /// found when the log is opened anew, and it takes nothing more until then.
    public func append(_ batches: [EncodedBatch]) -> [Result<LogOffset, LogError>] {
        do throws(LogError) {
            try checkUsable()
        } catch {
            return batches.map { _ in .failure(error) }
        }
        var offsets: [Result<LogOffset, LogError>] = []
        offsets.reserveCapacity(batches.count)
        // Where to go back to: everything before was acknowledged.
        var kept = (segment: segment, size: size, end: endOffset)
        var end = endOffset
        do throws(FileError) {
            try settle()
            for batch in batches {
                let header = batch.header(position: 0)
                do throws(LogError) {
                    if let known = try producers.find(header, directory) {
                        offsets.append(.success(known))
                        continue
                    }
                } catch {
                    offsets.append(.failure(error))
                    continue
                }
                if shouldRoll(header, end.advanced(by: batch.count)) {
                    try writeGroup(upTo: end)
                    try roll()
                    kept = (segment, size, end)
                }
                let staged = batch.stage(in: &group, baseOffset: end.rawValue, position: size + group.count)
                precondition(staged.baseOffset == end.rawValue && staged.span == batch.count, "Offsets have no gap.")
                index.add(staged)
                producers.add(staged)
                firstTimestamp = firstTimestamp ?? header.largestTimestamp
                offsets.append(.success(end))
                end = end.advanced(by: batch.count)
            }
            try writeGroup(upTo: end)
            if settings.durability == .fsync, durableOffset < end {
                try store.sync(segment.log)
                durableOffset = end
                try note()
            }
        } catch {
            fail(error)
            group.removeAll()
            // A segment that was sealed is durable, acknowledged or not.
            if segment == kept.segment { (size, endOffset) = (kept.size, kept.end) }
            cutUnacknowledged()
            return batches.map { _ in .failure(.failed(directory: directory, cause: error)) }
        }
        precondition(offsets.count == batches.count && endOffset == end, "Every batch is answered and in the log.")
        return offsets
    }

    private func writeGroup(upTo end: LogOffset) throws(FileError) {
        guard !group.isEmpty else { return }
        precondition(end > endOffset, "A batch has records.")
        try fillAhead(group.count)
        try store.write(group.bytes, to: segment.log, at: size)
        size += group.count
        filledSize = max(filledSize, size)
        endOffset = end
        group.removeAll()
    }

    /// Whether the batch that ends at the offset must begin a segment.
    private func shouldRoll(_ batch: BatchHeader, _ end: LogOffset) -> Bool {
        if owed.contains(.roll) { return true }
        let used = size + group.count
        guard used > 0 else { return false }
        if used + batch.size > settings.segmentBytes || end.rawValue - segment.baseOffset > Int64(Int32.max) {
            return true
        }
        guard let limit = settings.segmentMilliseconds, let firstTimestamp else { return false }
        let (age, isHuge) = batch.largestTimestamp.subtractingReportingOverflow(firstTimestamp)
        return isHuge ? batch.largestTimestamp > firstTimestamp : age > limit
    }

    private func fillAhead(_ byteCount: Int) throws(FileError) {
        guard settings.durability != .os, size + byteCount > filledSize, settings.fillAheadBytes > 0 else { return }
        let target = max(size + byteCount, min(size + settings.fillAheadBytes, settings.segmentBytes))
        do throws(FileError) {
            try store.fill(segment.log, at: filledSize, count: target - filledSize)
            filledSize = target
        } catch {
            guard error.passes else { throw error }
            // What room is left is for the batch itself.
            owed.insert(.cut)
            try settle()
        }
    }
}
