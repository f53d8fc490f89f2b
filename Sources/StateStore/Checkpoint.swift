import Base
import Bytes
import FileStore
import State

/// A state as of an offset: which runs make it up, and what its owner keeps besides. One small file each.
///
/// | content, little-endian |
/// |---|
/// | magic `PACHECK2` |
/// | u64 sequence, i64 offset, u8 has clock, i64 clock |
/// | text fingerprint: what the state was computed with |
/// | u32 sections, by name; for each a text, its name, and u32 bytes, the owner's |
/// | u32 tables, by number; for each u16 number, a text, its name, and u32 columns, each a text |
/// | u32 runs, newest first; for each u64 sequence, u64 bytes, u64 records, u32 checksum |
/// | u32 CRC-32C of all before |
///
/// A text is u32 bytes and UTF-8. The number of a table that is gone stays, with an empty name, for as long as a run
/// may have records of it: no other table takes it. Earlier versions wrote `PACHECK1`: instead of sections one text of
/// the owner's bytes, and no tables; their numbers say what they are.
struct Checkpoint: Equatable {
    var sequence: Int
    var offset: Int64
    var clock: Int64?
    var fingerprint: String
    var sections: [String: [UInt8]]
    /// Nil in one that an earlier version wrote, whose only section has no name.
    var tables: [StateTable: StateTableName]?
    /// The newest first.
    var runs: [StateRun.Name]

    static let magic: [UInt8] = Array("PACHECK2".utf8)
    private static let firstMagic: [UInt8] = Array("PACHECK1".utf8)
    static let prefix = "checkpoint-"
    /// What its owner keeps besides is held in memory whole, and is far smaller.
    static let bytesMax = 1 << 30
    // What no checkpoint of ours reaches, so that nothing computed from a file's numbers is out of range.
    private static let sequenceMax = 1 << 60
    private static let clockMax: Int64 = 1 << 60
    private static let offsetMax: Int64 = 1 << 62
    private static let runBytesMax = 1 << 40
    private static let runsMax = 1 << 12

    static func path(_ directory: String, _ sequence: Int) -> String {
        let digits = String(sequence)
        return "\(directory)/\(prefix)\(String(repeating: "0", count: max(0, 8 - digits.count)))\(digits)"
    }

    /// The sequence number in a file's name; nil if the file is no checkpoint.
    static func sequence(of name: String) -> Int? {
        guard name.hasPrefix(prefix) else { return nil }
        let digits = name.dropFirst(prefix.count)
        guard digits.allSatisfy(\.isASCII), let sequence = Int(digits), sequence <= sequenceMax else { return nil }
        return sequence
    }

    func encoded() -> [UInt8] {
        precondition(
            (0...Self.sequenceMax).contains(sequence) && (0...Self.offsetMax).contains(offset)
                && runs.count <= Self.runsMax,
            "What is written can be read again."
        )
        var writer = ByteWriter(capacity: 256 + sections.values.reduce(0) { $0 + $1.count })
        writer.append(tables == nil ? Self.firstMagic : Self.magic)
        writer.appendLittleEndian(UInt64(sequence))
        writer.appendLittleEndian(offset)
        writer.append(clock == nil ? 0 : 1)
        writer.appendLittleEndian(clock ?? 0)
        writer.appendCounted(fingerprint.utf8)
        if let tables { encode(tables, to: &writer) } else { writer.appendCounted(sections[""] ?? []) }
        writer.appendLittleEndian(UInt32(runs.count))
        for run in runs {
            writer.appendLittleEndian(UInt64(run.sequence))
            writer.appendLittleEndian(UInt64(run.byteCount))
            writer.appendLittleEndian(UInt64(run.records))
            writer.appendLittleEndian(run.checksum)
        }
        writer.appendLittleEndian(Checksum.crc32c(writer.bytes))
        return Array(writer.bytes)
    }

    private func encode(_ tables: [StateTable: StateTableName], to writer: inout ByteWriter) {
        writer.appendLittleEndian(UInt32(sections.count))
        for (name, bytes) in sections.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            writer.appendCounted(name.utf8)
            writer.appendCounted(bytes)
        }
        writer.appendLittleEndian(UInt32(tables.count))
        for (table, name) in tables.sorted(by: { $0.key < $1.key }) {
            writer.appendLittleEndian(table.number)
            writer.appendCounted(name.text.utf8)
            writer.appendLittleEndian(UInt32(name.columns.count))
            for column in name.columns { writer.appendCounted(column.utf8) }
        }
    }

    /// Nil if the bytes are not a whole checkpoint.
    init?(_ bytes: [UInt8]) {
        let isFirst = bytes.starts(with: Self.firstMagic)
        guard bytes.count > Self.magic.count + 4, isFirst || bytes.starts(with: Self.magic) else { return nil }
        let body = Array(bytes.dropLast(4))
        let decoded: Checkpoint? = bytes.withUnsafeBytes { buffer in
            let claimed = UInt32(littleEndian: buffer.loadUnaligned(fromByteOffset: buffer.count - 4, as: UInt32.self))
            guard Checksum.crc32c(body) == claimed else { return nil }
            var reader = ByteReader(UnsafeRawBufferPointer(rebasing: buffer[Self.magic.count..<buffer.count - 4]))
            do throws(ByteError) {
                return try Self.decode(&reader, isFirst: isFirst)
            } catch { return nil }
        }
        guard let decoded else { return nil }
        self = decoded
    }

    init(
        sequence: Int,
        offset: Int64,
        clock: Int64?,
        fingerprint: String,
        sections: [String: [UInt8]],
        tables: [StateTable: StateTableName]?,
        runs: [StateRun.Name]
    ) {
        self.sequence = sequence
        self.offset = offset
        self.clock = clock
        self.fingerprint = fingerprint
        self.sections = sections
        self.tables = tables
        self.runs = runs
    }

    private static func decode(_ reader: inout ByteReader, isFirst: Bool) throws(ByteError) -> Checkpoint? {
        let sequence = Int(truncatingIfNeeded: try reader.readLittleEndian(UInt64.self))
        let offset = try reader.readLittleEndian(Int64.self)
        let hasClock = try reader.read(count: 1)[0] == 1
        let clock = try reader.readLittleEndian(Int64.self)
        let fingerprint = try reader.readText()
        guard (0...sequenceMax).contains(sequence), (0...offsetMax).contains(offset),
            (-clockMax...clockMax).contains(clock)
        else { return nil }
        var sections: [String: [UInt8]] = [:]
        var tables: [StateTable: StateTableName]?
        if isFirst {
            sections[""] = try reader.readCounted()
        } else {
            for _ in 0..<(try reader.readLittleEndian(UInt32.self)) {
                let name = try reader.readText()
                sections[name] = try reader.readCounted()
            }
            tables = try decodeTables(&reader)
        }
        guard let runs = try decodeRuns(&reader), reader.remaining == 0 else { return nil }
        return Checkpoint(
            sequence: sequence,
            offset: offset,
            clock: hasClock ? clock : nil,
            fingerprint: fingerprint,
            sections: sections,
            tables: tables,
            runs: runs
        )
    }

    private static func decodeTables(_ reader: inout ByteReader) throws(ByteError) -> [StateTable: StateTableName] {
        var tables: [StateTable: StateTableName] = [:]
        for _ in 0..<(try reader.readLittleEndian(UInt32.self)) {
            let table = StateTable(try reader.readLittleEndian(UInt16.self))
            var name = StateTableName(try reader.readText())
            for _ in 0..<(try reader.readLittleEndian(UInt32.self)) { name.columns.append(try reader.readText()) }
            tables[table] = name
        }
        return tables
    }

    /// Nil if there cannot be such runs.
    private static func decodeRuns(_ reader: inout ByteReader) throws(ByteError) -> [StateRun.Name]? {
        let count = Int(try reader.readLittleEndian(UInt32.self))
        guard count <= runsMax, count * 28 == reader.remaining else { return nil }
        var runs: [StateRun.Name] = []
        for _ in 0..<count {
            let run = StateRun.Name(
                sequence: Int(truncatingIfNeeded: try reader.readLittleEndian(UInt64.self)),
                byteCount: Int(truncatingIfNeeded: try reader.readLittleEndian(UInt64.self)),
                records: Int(truncatingIfNeeded: try reader.readLittleEndian(UInt64.self)),
                checksum: try reader.readLittleEndian(UInt32.self)
            )
            guard (0...sequenceMax).contains(run.sequence), (0...runBytesMax).contains(run.byteCount),
                (0...runBytesMax).contains(run.records)
            else { return nil }
            runs.append(run)
        }
        return runs
    }
}

extension ByteWriter {
    /// Bytes with their number in front.
    fileprivate mutating func appendCounted(_ bytes: some Collection<UInt8>) {
        appendLittleEndian(UInt32(bytes.count))
        append(Array(bytes))
    }
}

extension ByteReader {
    fileprivate mutating func readCounted() throws(ByteError) -> [UInt8] {
        Array(try read(count: Int(try readLittleEndian(UInt32.self))))
    }

    fileprivate mutating func readText() throws(ByteError) -> String {
        String(decoding: try readCounted(), as: UTF8.self)
    }
}
