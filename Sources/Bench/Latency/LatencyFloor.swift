import CLZ4
import Console
import Foundation
import GRDBSQLite
import Runtime

/// The least that any product must do between an event and its alert: take what comes from outside, append it to a file
/// (LZ4), fdatasync, and insert the alerts into SQLite in one transaction. It parses nothing, keeps no windows, asks no
/// model.
///
/// Events come through a pipe. One thread reads, another one takes all that has been read since it was done with the
/// last.
final class LatencyFloor: LatencySender {
    static let databaseName = "floor.sqlite"

    private let input: Int32
    private let failure = FirstFailure<CommandError>()
    private let ended = DispatchSemaphore(value: 0)

    init(directory: String, events: LatencyEvents) throws(CommandError) {
        let worker = try FloorWorker(directory: directory, events: events)
        var ends: (Int32, Int32) = (-1, -1)
        let made = withUnsafeMutableBytes(of: &ends) { pipe($0.bindMemory(to: Int32.self).baseAddress) }
        guard made == 0 else { throw .storage("cannot make a pipe: \(String(cString: strerror(errno)))") }
        let (output, input) = ends
        self.input = input
        // A refusal leaves it as large as it is.
        _ = fcntl(input, Self.setPipeSize, Int32(Self.readBytes))
        let queue = BoundedQueue<[UInt8]>(capacity: Self.readsMax)
        let reader = Thread {
            while let bytes = Self.read(output) { queue.send(bytes) }
            close(output)
            queue.send(nil)
        }
        let writer = Thread { [failure, ended] in
            var lines: [UInt8] = []
            while var bytes = queue.receive() {
                while true {
                    lines += bytes
                    guard let more = queue.receiveIfAny() else { break }
                    bytes = more
                }
                guard let end = lines.lastIndex(of: 0x0A) else { continue }
                let rest = Array(lines[(end + 1)...])
                lines.removeSubrange((end + 1)...)
                do throws(CommandError) { try worker.take(lines) } catch { failure.note(error) }
                lines = rest
            }
            ended.signal()
        }
        reader.start()
        writer.start()
    }

    /// Linux's F_SETPIPE_SZ.
    private static let setPipeSize: Int32 = 1031
    private static let readBytes = 1 << 20
    private static let readsMax = 256

    /// What there is to read, after waiting for something; nil at the end.
    private static func read(_ output: Int32) -> [UInt8]? {
        let bytes = [UInt8](unsafeUninitializedCapacity: readBytes) { buffer, count in
            count = max(0, Foundation.read(output, buffer.baseAddress, buffer.count))
        }
        return bytes.isEmpty ? nil : bytes
    }

    func send(_ body: [UInt8], events: Range<Int>, _ made: LatencyEvents) throws(CommandError) {
        if let error = failure.error { throw error }
        var sent = 0
        while sent < body.count {
            let count = body.withUnsafeBytes { write(input, $0.baseAddress.map { $0 + sent }, $0.count - sent) }
            guard count > 0 else { throw .storage("the floor takes nothing: \(String(cString: strerror(errno)))") }
            sent += count
        }
    }

    /// Returns when all has been taken.
    func finish() {
        close(input)
        ended.wait()
    }
}

/// The floor's files. Used by one thread.
private final class FloorWorker: @unchecked Sendable {
    // Handed to its thread once and never used by another.
    private let events: LatencyEvents
    private let log: Int32
    private let database: OpaquePointer?
    private var insert: OpaquePointer?
    private var offset: Int64 = 0

    init(directory: String, events: LatencyEvents) throws(CommandError) {
        self.events = events
        log = open(directory + "/floor.log", O_CREAT | O_WRONLY | O_APPEND, 0o600)
        var database: OpaquePointer?
        guard log >= 0, sqlite3_open(directory + "/" + LatencyFloor.databaseName, &database) == SQLITE_OK else {
            throw .storage("cannot write to \(directory)")
        }
        self.database = database
        for sql in [
            "PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL",
            "CREATE TABLE alerts(position INTEGER PRIMARY KEY, event_id TEXT)",
        ] { sqlite3_exec(database, sql, nil, nil, nil) }
        sqlite3_prepare_v2(database, "INSERT INTO alerts VALUES (?, ?)", -1, &insert, nil)
    }

    deinit {
        sqlite3_finalize(insert)
        sqlite3_close(database)
        close(log)
    }

    /// Takes whole lines; what it returns from can be read by others.
    func take(_ lines: [UInt8]) throws(CommandError) {
        let packed = Self.pack(lines)
        var written = 0
        while written < packed.count {
            let count = packed.withUnsafeBytes { write(log, $0.baseAddress.map { $0 + written }, $0.count - written) }
            guard count > 0 else { throw .storage("the floor cannot write: \(String(cString: strerror(errno)))") }
            written += count
        }
        guard fdatasync(log) == 0 else { throw .storage("the floor cannot sync") }
        let alerts = events.hotIDs(in: lines)
        guard !alerts.isEmpty else { return }
        sqlite3_exec(database, "BEGIN IMMEDIATE", nil, nil, nil)
        for id in alerts {
            sqlite3_bind_int64(insert, 1, offset)
            id.withCString { text in
                // Copied by SQLite: the text does not outlive this call.
                _ = sqlite3_bind_text(insert, 2, text, -1, unsafeBitCast(-1, to: sqlite3_destructor_type.self))
            }
            sqlite3_step(insert)
            sqlite3_reset(insert)
            offset += 1
        }
        guard sqlite3_exec(database, "COMMIT", nil, nil, nil) == SQLITE_OK else {
            throw .storage("the floor cannot commit")
        }
    }

    private static func pack(_ lines: [UInt8]) -> [UInt8] {
        let block = 1 << 16
        var out = [UInt8](repeating: 0, count: Int(LZ4_compressBound(Int32(block))) * (lines.count / block + 1))
        var size = 0
        var start = 0
        while start < lines.count {
            let count = min(block, lines.count - start)
            size += lines.withUnsafeBufferPointer { source in
                out.withUnsafeMutableBufferPointer { target in
                    guard let from = source.baseAddress, let to = target.baseAddress else { return 0 }
                    return Int(
                        from.withMemoryRebound(to: CChar.self, capacity: source.count) { from in
                            to.withMemoryRebound(to: CChar.self, capacity: target.count) { to in
                                LZ4_compress_default(from + start, to + size, Int32(count), Int32(target.count - size))
                            }
                        }
                    )
                }
            }
            start += count
        }
        return Array(out[..<size])
    }
}
