public import Base
public import FileStore

/// What can go wrong with the log: each case is one thing that a person can act on.
public enum LogError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file system refused.
    case file(FileError)
    /// A stretch of a segment is not what was written: acknowledged data was damaged or lost later.
    case damaged(LogDamage)
    /// An earlier write or sync failed; what is on disk is unknown until the log is opened anew.
    case failed(directory: String, cause: FileError)
    /// There is no room for more: on the disk, or in the table of open files. Nothing was taken, what the log has is as
    /// it was, and the same call may succeed later.
    case noRoom(directory: String, cause: FileError)
    /// The log was closed.
    case closed(directory: String)
    /// A batch is larger than the limit.
    case tooLarge(bytes: Int, limit: Int)
    /// A producer's batch does not follow its last one: batches between were lost, or the log has forgotten the
    /// producer.
    case outOfSequence(directory: String, id: Int64, expected: Int32, found: Int32)
    /// A batch from an earlier life of a producer.
    case staleProducer(directory: String, id: Int64, epoch: Int16, found: Int16)
    /// A consumer's name cannot be a file's name.
    case badName(String)
    /// The file of a consumer's offsets is not what was written.
    case damagedOffsets(file: String)
    /// The file that says what the log is meant to hold is not what was written.
    case damagedManifest(file: String)
    /// The system has no thread left for the log.
    case noThread

    public var description: String {
        switch self {
        case .file(let error): error.description
        case .damaged(let damage): damage.description
        case .failed(let directory, let cause):
            "the log \(directory) takes nothing more, because it \(cause); run the command again to reopen it"
        case .noRoom(_, let cause): cause.description
        case .closed(let directory): "the log \(directory) is closed: open it anew to append"
        case .tooLarge(let bytes, let limit):
            "a batch of \(bytes) bytes is over the limit of \(limit): put fewer or smaller records into a batch"
        case .outOfSequence(let directory, let id, let expected, let found):
            "\(directory): producer \(id) sent sequence \(found), expected \(expected): send what is missing first, or "
                + "begin a new epoch with sequence 0"
        case .staleProducer(let directory, let id, let epoch, let found):
            "\(directory): producer \(id) sent a batch of epoch \(found), but epoch \(epoch) has begun: another process "
                + "has taken over; stop this one"
        case .badName(let name):
            "a consumer cannot be called \"\(name)\": use 1 to 100 letters, digits, dots, underscores and hyphens, no dot in "
                + "front and no .new at the end"
        case .damagedOffsets(let file):
            "\(file) is damaged: how far this consumer has read is not known; restore the file from a copy, or delete it "
                + "to read from the beginning"
        case .damagedManifest(let file):
            "\(file) is damaged: what the log is meant to hold is not known; restore the file from a copy, or let "
                + "`patternalarm log repair --quarantine` make it anew from what is there"
        case .noThread: "the log cannot start its thread: raise the limit of processes (ulimit -u)"
        }
    }
}

extension LogError {
    /// Whether the log goes on, and the same call may succeed later by itself.
    public var passes: Bool {
        switch self {
        case .noRoom: true
        // Of a call that only reads: what cannot be written is told as above, or has made the log useless.
        case .file(let error): error.passes
        default: false
        }
    }
}

/// A stretch of a segment that is no longer what was written. It is never cut away.
public struct LogDamage: Error, Hashable, Sendable, CustomStringConvertible {
    public var file: String
    /// Where in the file it begins.
    public var position: Int
    /// How many bytes it is long; 0 if whole batches follow directly but offsets are missing between.
    public var byteCount: Int
    /// The first offset that is lost.
    public var offset: LogOffset
    /// The offset of the first whole batch behind it in this file, or nil if there is none.
    public var nextOffset: LogOffset?
    public var fault: BatchFault

    /// What is wrong, without the place.
    public var words: String { fault.description }

    /// Something that the log is meant to hold is not there, so that there are no bytes to look at.
    public var isLoss: Bool {
        if case .gone = fault { true } else { false }
    }

    /// There is no segment to read: it is gone, or something else has its name.
    public var hasNoSegment: Bool {
        switch fault {
        case .gone, .unfit: true
        default: false
        }
    }

    public var description: String {
        let end = nextOffset.map { "to \($0.advanced(by: -1))" } ?? "and what follows"
        let lost = "offset \(offset) \(end)"
        let accept = "accept the loss with `patternalarm log repair --quarantine`"
        switch fault {
        case .gone(let isWhole):
            let count = nextOffset.map { "\($0.rawValue - offset.rawValue) events" } ?? "how many events is not known"
            let place = isWhole ? directoryName(of: file) : file
            return "\(place) is not there: \(words), \(lost) is missing (\(count)); put it back from a backup "
                + "(`patternalarm restore`), or \(accept)"
        case .unfit:
            return "\(file) \(words): \(lost) cannot be read; move it away and put the file back from a copy, or "
                + accept
        case .codec:
            return "\(file): the batch at byte \(position) (\(byteCount) bytes, \(lost)) is \(words); set "
                + "compression.type=lz4 where it is written and copy the topic again, or \(accept)"
        default:
            return
                "\(file) is damaged at byte \(position) (\(byteCount) bytes, \(lost)): \(words); the batches around it "
                + "are intact and nothing was cut: run `patternalarm log verify`; restore the file from a copy, or run "
                + "`patternalarm log repair`"
        }
    }
}

/// Why no whole batch begins at a place.
public enum BatchFault: Hashable, Sendable, CustomStringConvertible {
    /// The file ends first.
    case truncated(needed: Int, found: Int)
    /// A length that no batch has.
    case length(Int)
    /// Not version 2 of the format.
    case version(Int)
    case checksum(expected: UInt32, found: UInt32)
    /// A whole batch, but not the one that belongs here: offsets have no gaps.
    case offset(expected: LogOffset, found: LogOffset)
    /// The checksum is right, but the content cannot be read.
    case records(String)
    /// What was synced before, up to this offset, is not in the file.
    case missing(before: LogOffset)
    /// The segment that the log is meant to begin with is not there, or none of the partition is.
    case gone(isWhole: Bool)
    /// What has a segment's name cannot be one: why.
    case unfit(String)
    /// A whole batch, compressed in a way that this program does not read (gzip, snappy, zstd).
    case codec(String)
    /// Too many places look like a batch to try them all.
    case undecidable

    public var description: String {
        switch self {
        case .truncated(let needed, let found): "a batch of \(needed) bytes ends after \(found)"
        case .length(let length): "a batch's length is \(length)"
        case .version(let version): "a batch's version is \(version), expected 2"
        case .checksum(let expected, let found): "checksum \(hexadecimal(found)), expected \(hexadecimal(expected))"
        case .offset(let expected, let found): "a batch with offset \(found), expected \(expected)"
        case .records(let words): words
        case .missing(let offset): "the log was durable up to offset \(offset), but the file ends before it"
        case .gone(let isWhole):
            isWhole ? "the partition has no segment" : "the log is meant to begin with this segment"
        case .unfit(let words): words
        case .codec(let codec):
            "compressed with \(codec), which this program does not read: it reads LZ4 and uncompressed batches"
        case .undecidable: "what follows can be neither read nor recognised as the end of the log"
        }
    }
}

func hexadecimal(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
}

/// Runs calls of the file store, whose errors become the log's.
func files<Result>(_ body: () throws(FileError) -> Result) throws(LogError) -> Result {
    do throws(FileError) { return try body() } catch { throw .file(error) }
}
