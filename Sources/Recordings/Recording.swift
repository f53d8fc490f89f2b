import Base
import Bytes
import Engine
import Foundation
public import Ingest
public import Plan

/// Reads a recording chunk by chunk.
public final class Recording {
    public let path: String
    private let file: FileSource
    private var reader: LineReader<RecordingSource>
    private let decoder: ChunkDecoder
    private let reading: RecordingReading
    public let format: RecordingFormat
    private let separator: CSVSeparator
    private let plan: PipelinePlan
    private var csv: CSVRecord?
    /// What is to be said of the recording before its first event.
    private var notes: [String] = []
    public var saysNothing = false
    private var landmarks: ArraySlice<RecordingPosition> = []
    /// Events a chunk at most, and bytes: a partition's share must fit one record batch of Kafka's usual limit.
    public let chunkEvents: Int
    public static let chunkBytes = 900_000

    /// - Throws: ``RecordingError`` if the file cannot be opened.
    public init(
        _ path: String,
        _ reading: RecordingReading,
        plan: PipelinePlan,
        chunkEvents: Int = 2048,
        isResumable: Bool = true
    ) throws(RecordingError) {
        self.path = path
        self.reading = reading
        self.plan = plan
        self.chunkEvents = chunkEvents
        separator = reading.separator(of: path)
        var source: RecordingSource
        do throws(InputError) {
            file = try FileSource(path)
            source = RecordingSource(file, format: reading.format ?? .named(path), encoding: reading.encoding)
            if let known = source.format { format = known } else { format = try Self.format(&source, plan.schema) }
            source.format = format
        } catch {
            throw .unreadable(Self.describe(error, path, lines: 0))
        }
        reader = LineReader(
            source,
            csv: format == .csv ? separator.grammar : nil,
            isChecked: isResumable
        )
        // A pipe has been closed when it is at its end; a file may grow.
        reader.tail = isResumable && !reading.isFinished && file.size != nil ? .leave : .take
        decoder = ChunkDecoder(plan: plan, capacity: chunkEvents)
    }

    /// Of a file whose name does not say it: CSV if its first line names a field of the pipeline as a column.
    private static func format(_ source: inout RecordingSource, _ schema: Schema) throws(InputError) -> RecordingFormat
    {
        let head = try source.head()
        let line = head.drop { $0 == 0x0A || $0 == 0x0D || $0 == 0x20 }.prefix { $0 != 0x0A }
        guard let first = line.first, first != 0x7B, first != 0x5B else { return .jsonl }
        return Array(line).withUnsafeBufferPointer { CSVHeader.isHeader($0, of: schema) } ? .csv : .jsonl
    }

    /// What a file is called in its folder; `-` is standard input.
    public static func name(of path: String) -> String {
        path == "-" ? "-" : URL(fileURLWithPath: path).lastPathComponent
    }

    /// How much of the file has been read, if its size is known.
    public var fraction: Double? { file.size.map { $0 == 0 ? 1 : Double(file.bytesRead) / Double($0) } }

    public var position: RecordingPosition { reader.position }

    /// A line that was taken before it had its end, and the bytes that are passed over for it.
    public var lateEnd: (line: Int, bytes: Int)? { reader.lateEnd }

    /// What was left at the end, because it may be still being written: from which line on, and how many bytes.
    public var unended: (line: Int, bytes: Int)? { reader.unended }

    /// Whether its last line has no end, so that a run which may come back would have left it.
    public var lacksEnd: Bool { reader.lacksEnd }

    /// A live source has nothing more just now.
    public var hasPaused: Bool { reader.hasPaused && !reader.hasBufferedLine }

    /// A live source has nothing more, and nothing comes for a second. Whoever writes to a pipe may itself wait to hear
    /// that its events are taken.
    public var isSilent: Bool { hasPaused && !file.hasMore(within: 1000, unless: reading.isInterrupted) }

    /// Whether no earlier run has taken anything of it.
    public private(set) var beginsAtItsStart = true

    /// Passes over what an earlier run has taken, after checking that it is the same.
    public func skip(to position: RecordingPosition) throws(RecordingError) {
        guard position.byte > 0 else { return }
        beginsAtItsStart = false
        // The header is needed to read what follows.
        if format == .csv { try readHeader() }
        do throws(InputError) { try reader.skip(to: position, path: path) } catch {
            throw .unreadable(error.description)
        }
    }

    /// The recording must be the same bytes up to these positions, ascending, and no line goes over one: it was read
    /// before, when it was perhaps shorter.
    public func expect(_ positions: [RecordingPosition]) {
        landmarks = positions[...]
        reader.cut(at: positions.map(\.byte))
    }

    private func checkLandmarks(_ position: RecordingPosition, isAtEnd: Bool = false) throws(InputError) {
        while let next = landmarks.first, isAtEnd || next.byte <= position.byte {
            guard next.byte == position.byte, next.checksum == position.checksum else {
                throw .changed(line: next.line, path: path)
            }
            landmarks.removeFirst()
        }
    }

    private func readHeader() throws(RecordingError) {
        do throws(InputError) {
            guard csv == nil, let line = try reader.next() else { return }
            let header: CSVHeader
            do throws(CSVHeader.Fault) {
                header = try CSVHeader(line.bytes, separator: separator, schema: plan.schema)
            } catch {
                throw InputError.unreadable(path: path, errno: 0, words: error.description)
            }
            notes = header.notes
            reader.columnCount = header.names.count
            csv = CSVRecord(
                names: header.names.map { Array($0.utf8) },
                grammar: separator.grammar,
                hasDecimalComma: reading.decimal == .comma
            )
        } catch {
            throw .unreadable(error.description)
        }
    }

    /// Fills the chunk with the next events and decodes them; false at the end of the recording.
    public func read(into chunk: Chunk) throws(RecordingError) -> Bool {
        guard try fill(chunk) else { return false }
        decoder.decode(chunk)
        return true
    }

    /// Fills the chunk with the bytes of the next events, for a ``ChunkDecoder``; false at the end of the recording.
    public func fill(_ chunk: Chunk) throws(RecordingError) -> Bool {
        let batch = chunk.batch
        batch.removeAll()
        chunk.lines.removeAll(keepingCapacity: true)
        chunk.starts.removeAll(keepingCapacity: true)
        chunk.refusals.removeAll()
        chunk.clock = nil
        for index in chunk.partitions.indices { chunk.partitions[index].removeAll(keepingCapacity: true) }
        if format == .csv { try readHeader() }
        if !saysNothing { for note in notes { reading.say("\(path): \(note)") } }
        notes.removeAll()
        var sawLine = false
        do throws(InputError) {
            while batch.count < min(chunkEvents, batch.capacity), batch.payload.count < Self.chunkBytes {
                let start = reader.position
                try checkLandmarks(start)
                guard let line = try reader.next() else {
                    try checkLandmarks(start, isAtEnd: true)
                    break
                }
                chunk.starts.append(start)
                sawLine = true
                // An earlier version counted records: up to where it has been, so is it counted now.
                chunk.lines.append(min(line.number, landmarks.first?.line ?? .max))
                append(line, to: chunk)
                // A live source has nothing more for now: what is there is worth more than a full chunk.
                if hasPaused { break }
                // Where nobody has been the event clock may know more.
                if landmarks.last?.byte == reader.position.byte { break }
            }
        } catch {
            guard sawLine else { throw .unreadable(Self.describe(error, path, lines: reader.position.line)) }
        }
        guard sawLine else { return false }
        chunk.end = reader.position
        return true
    }

    private static func describe(_ error: InputError, _ path: String, lines: Int) -> String {
        let taken =
            lines == 0 ? "nothing of it has been taken" : "the \(grouped(lines)) lines before that have been taken"
        return switch error {
        case .damaged, .cutOff: "cannot read all of \(path): \(error.description); \(taken)"
        case .changed, .unreadable: error.description
        }
    }

    private func append(_ line: LineReader<RecordingSource>.Line, to chunk: Chunk) {
        if let size = line.oversize {
            let limit = LineReader<RecordingSource>.lineLimit
            let row = chunk.batch.append(line.bytes)
            let reason = "a line of \(size) bytes; the limit is \(limit)"
            return chunk.refusals.append((row, .init(reason: reason, kind: .size)))
        }
        guard format == .csv, let csv else {
            _ = chunk.batch.append(line.bytes)
            return
        }
        do throws(CSVGrammar.Fault) {
            _ = chunk.batch.append(try csv.json(line.bytes))
        } catch {
            chunk.refusals.append((chunk.batch.append(line.bytes), .init(reason: error.description)))
        }
    }
}
