public import Base
import Bytes
public import FileStore

/// The log of one partition: segments of record batches in Kafka's format, in one folder.
///
/// Invariants: offsets have no gaps but where damage is reported; a segment's name is its first offset; only the last
/// segment can have a torn tail, because a segment is synced before the next one begins; whatever `append` returned for
/// is in the file system when the process dies, and on the platter once ``sync()`` has returned or, with
/// ``LogSettings/Durability/fsync``, at once. Owned by one thread; ``SharedLog`` is for many.
public final class PartitionLog {
    public let directory: String
    /// The offset of the oldest record that is kept.
    public private(set) var startOffset = LogOffset(0)
    /// The offset that the next record gets.
    public internal(set) var endOffset = LogOffset(0)
    /// Everything before this offset survives a power cut.
    public internal(set) var durableOffset = LogOffset(0)
    /// What opening the log found and did.
    public internal(set) var recovery = RecoveryReport()

    let store: any FileStore
    let settings: LogSettings
    var segment: Segment
    var index: SegmentIndex
    /// Bytes of whole batches in the last segment: where the next one goes.
    var size = 0
    /// How often the durable mark has been noted since the log was opened.
    private var notes = 0
    /// The latest time of the last segment's first batch; nil if it has none.
    var firstTimestamp: Int64?
    var filledSize = 0
    /// The last batches of each producer, as of everything that was staged.
    var producers = ProducerStates()
    /// Batches that wait to be written together, and the offset behind them.
    var group = ByteWriter(capacity: 1 << 12)
    private var failure: FileError?
    /// What there was no room for; done before anything else.
    var owed: Owed = []
    private var isClosed = false

    /// Opens the log of a folder, made if it is missing, and repairs what a crash left at its end.
    ///
    /// - Parameters:
    ///   - directory: The folder.
    ///   - store: Where it is.
    ///   - settings: How the log is kept.
    ///   - durable: An offset that is known to have been synced: somebody built on it. What is not whole before it is
    ///     damage, what is not whole behind it a torn tail. The log knows of the syncs when a segment was completed or
    ///     the log was closed.
    /// - Throws: ``LogError/file(_:)``; ``LogError/damaged(_:)`` if the log's beginning is missing.
    public init(
        directory: String,
        store: any FileStore,
        settings: LogSettings = LogSettings(),
        durable: LogOffset = LogOffset(0)
    ) throws(LogError) {
        precondition(settings.segmentBytes <= Int(Int32.max), "A segment's positions are 32 bits wide.")
        self.directory = directory
        self.store = store
        self.settings = settings
        segment = Segment(baseOffset: 0, directory: directory)
        index = SegmentIndex(baseOffset: 0)
        let found = try PartitionFiles(directory, store, durable: durable.rawValue)
        // Nothing is changed then: what is missing can be put back as it was.
        if let loss = found.loss { throw .damaged(loss) }
        do throws(FileError) {
            try store.createDirectory(directory)
            startOffset = LogOffset(found.bases.first ?? 0)
            try recover(found.bases, durable: max(durable.rawValue, found.bounds?.end.rawValue ?? 0))
            filledSize = size
        } catch {
            throw .file(error)
        }
        precondition(startOffset <= endOffset && durableOffset <= endOffset, "What is durable lies in the log.")
        // No log of ours has lost as much: the mark is wrong, and no offset behind it may be given out.
        if let last = recovery.damage.last, last.span > LostRecords.countMax { throw .damaged(last) }
        guard found.bounds == nil else { return }
        let bounds = LogManifest.Bounds(first: startOffset, end: durableOffset)
        try LogManifest.change(directory, store) { $0 ?? bounds }
    }

    /// Makes everything that was appended survive a power cut.
    ///
    /// - Throws: ``LogError/noRoom(directory:cause:)``, after which the log goes on; what the disk says.
    public func sync() throws(LogError) {
        try checkUsable()
        guard durableOffset < endOffset || owed.contains(.note) else { return }
        do throws(FileError) {
            try settle()
            if durableOffset < endOffset {
                try store.sync(segment.log)
                durableOffset = endOffset
            }
        } catch {
            // A failed sync may have dropped the pages: trying again would only seem to succeed.
            throw refused(error)
        }
        try noteDurable()
    }

    /// Notes how far the log is durable. That it is does not hang on the note: it is written with a later sync, if
    /// there is no room for it.
    func noteDurable() throws(LogError) {
        do throws(FileError) {
            try note()
            owed.remove(.note)
        } catch {
            guard error.passes else { throw refused(error) }
            owed.insert(.note)
        }
    }

    /// Notes that everything is durable.
    func note() throws(FileError) {
        precondition(durableOffset == endOffset, "What is noted as durable has been synced.")
        let mark = DurableMark(baseOffset: segment.baseOffset, position: size, endOffset: endOffset.rawValue)
        notes += 1
        try mark.note(directory, store, turn: notes)
    }

    /// Syncs, cuts off what was filled ahead and writes the indexes: the files are then what Kafka would have written.
    /// The log takes nothing more; closing it twice does nothing.
    public func close() throws(LogError) {
        guard !isClosed else { return }
        try checkUsable()
        do throws(FileError) {
            try settle()
            try seal()
            isClosed = true
        } catch {
            throw refused(error)
        }
    }

    /// A reader from an offset to the end as it is when it gets there.
    public func reader(from offset: LogOffset) -> PartitionReader {
        let reader = PartitionReader(directory: directory, store: store, from: offset)
        // The index of the last segment is not on disk yet.
        if offset.rawValue >= segment.baseOffset { reader.start(in: segment, at: index.entry(for: offset.rawValue)) }
        return reader
    }
}

// MARK: - Segments

extension PartitionLog {
    /// Completes the last segment and begins the next. If there is no room for that, all of it is done again by the
    /// next append: the segment that is complete gets nothing more, as the next one may have its name already.
    func roll() throws(FileError) {
        owed.insert(.roll)
        try seal()
        try begin(at: endOffset.rawValue)
        filledSize = 0
        owed.remove(.roll)
    }

    /// Makes the last segment complete and durable. May be done again.
    private func seal() throws(FileError) {
        precondition(filledSize >= size, "What is written lies in front of what was filled.")
        if filledSize > size { try store.truncate(segment.log, to: size) }
        filledSize = size
        try store.sync(segment.log)
        durableOffset = endOffset
        // The mark comes first: recovery reads from the last index entry on, and what is before it must be in the mark.
        precondition(group.isEmpty, "A segment is completed with all of its batches.")
        var mark = DurableMark(baseOffset: segment.baseOffset, position: size, endOffset: endOffset.rawValue)
        mark.producers = producers
        try mark.write(directory, store)
        index.seal()
        try index.write(segment, store)
        try LogManifest.note(endOffset.rawValue, of: directory, from: startOffset, store)
    }

    /// Starts an empty segment; its name is durable on return.
    func begin(at baseOffset: Int64) throws(FileError) {
        precondition(baseOffset >= segment.baseOffset, "Segments follow one another.")
        let next = Segment(baseOffset: baseOffset, directory: directory)
        try store.write([], to: next.log, at: 0)
        try store.syncDirectory(directory)
        segment = next
        index = SegmentIndex(baseOffset: baseOffset)
        size = 0
        firstTimestamp = nil
    }
}

// MARK: - Failure

extension PartitionLog {
    /// What is left to do of a call that found no room.
    struct Owed: OptionSet {
        let rawValue: Int

        /// The last segment is complete; the next one is to be begun.
        static let roll = Owed(rawValue: 1)
        /// Behind the last batch may be the beginning of one that was not acknowledged.
        static let cut = Owed(rawValue: 2)
        /// The mark of how far the log is durable is behind.
        static let note = Owed(rawValue: 4)
    }

    func checkUsable() throws(LogError) {
        if let refusal { throw refusal }
        guard !isClosed else { throw .closed(directory: directory) }
    }

    /// Why the log takes nothing more, if its disk has failed.
    var refusal: LogError? {
        failure.map { .failed(directory: directory, cause: $0) }
    }

    func fail(_ error: FileError) {
        if failure == nil { failure = error }
    }

    /// The error of a call that the disk refused: the log goes on if that passes, else it takes nothing more.
    func refused(_ error: FileError) -> LogError {
        if error.passes { return .noRoom(directory: directory, cause: error) }
        fail(error)
        return .file(error)
    }

    /// Takes away what a failed append has left. It was not acknowledged, and the kernel may hold it in memory only,
    /// marked as written: a later reader must not see it and build on it.
    func cutUnacknowledged() {
        owed.insert(.cut)
        do throws(FileError) {
            try settle()
        } catch {
            // Then opening the log cuts it: the batch is torn, or it is whole and counts.
            if !error.passes { fail(error) }
        }
    }

    /// Cuts what is still to be cut.
    func settle() throws(FileError) {
        guard owed.contains(.cut) else { return }
        try store.truncate(segment.log, to: size)
        filledSize = size
        owed.remove(.cut)
    }

    /// Tries whether there is room for some more, and leaves nothing of it.
    ///
    /// - Throws: ``LogError/noRoom(directory:cause:)`` if there is none; what the disk says.
    public func tryRoom() throws(LogError) {
        try checkUsable()
        do throws(FileError) {
            try settle()
            defer { cutUnacknowledged() }
            try store.fill(segment.log, at: size, count: Self.roomBytes)
        } catch {
            throw refused(error)
        }
    }

    private static let roomBytes = 64 << 10
}
