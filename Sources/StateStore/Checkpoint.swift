import Base
import Bytes
import FileStore

/// A state as of an offset: which runs make it up, and what its owner keeps besides. One small file each.
///
/// | content, little-endian |
/// |---|
/// | magic `PACHECK1` |
/// | u64 sequence, i64 offset, u8 has clock, i64 clock |
/// | u32 bytes, fingerprint (UTF-8): what the state was computed with |
/// | u32 bytes, the owner's extra |
/// | u32 runs, newest first; for each u64 sequence, u64 bytes, u64 records, u32 checksum |
/// | u32 CRC-32C of all before |
struct Checkpoint: Equatable {
    var sequence: Int
    var offset: Int64
    var clock: Int64?
    var fingerprint: String
    var extra: [UInt8]
    /// The newest first.
    var runs: [StateRun.Name]

    static let magic: [UInt8] = Array("PACHECK1".utf8)
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
        var writer = ByteWriter(capacity: 256 + extra.count)
        writer.append(Self.magic)
        writer.appendLittleEndian(UInt64(sequence))
        writer.appendLittleEndian(offset)
        writer.append(clock == nil ? 0 : 1)
        writer.appendLittleEndian(clock ?? 0)
        let name = Array(fingerprint.utf8)
        writer.appendLittleEndian(UInt32(name.count))
        writer.append(name)
        writer.appendLittleEndian(UInt32(extra.count))
        writer.append(extra)
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

    /// Nil if the bytes are not a whole checkpoint.
    init?(_ bytes: [UInt8]) {
        guard bytes.count > Self.magic.count + 4, bytes.starts(with: Self.magic) else { return nil }
        let body = Array(bytes.dropLast(4))
        let decoded: Checkpoint? = bytes.withUnsafeBytes { buffer in
            let claimed = UInt32(
                littleEndian: buffer.loadUnaligned(fromByteOffset: buffer.count - 4, as: UInt32.self)
            )
            guard Checksum.crc32c(body) == claimed else { return nil }
            var reader = ByteReader(UnsafeRawBufferPointer(rebasing: buffer[Self.magic.count..<buffer.count - 4]))
            return Self.decode(&reader)
        }
        guard let decoded else { return nil }
        self = decoded
    }

    init(
        sequence: Int,
        offset: Int64,
        clock: Int64?,
        fingerprint: String,
        extra: [UInt8],
        runs: [StateRun.Name]
    ) {
        self.sequence = sequence
        self.offset = offset
        self.clock = clock
        self.fingerprint = fingerprint
        self.extra = extra
        self.runs = runs
    }

    private static func decode(_ reader: inout ByteReader) -> Checkpoint? {
        do throws(ByteError) {
            let sequence = Int(truncatingIfNeeded: try reader.readLittleEndian(UInt64.self))
            let offset = try reader.readLittleEndian(Int64.self)
            let hasClock = try reader.read(count: 1)[0] == 1
            let clock = try reader.readLittleEndian(Int64.self)
            let name = try reader.read(count: Int(try reader.readLittleEndian(UInt32.self)))
            let extra = try reader.read(count: Int(try reader.readLittleEndian(UInt32.self)))
            let count = Int(try reader.readLittleEndian(UInt32.self))
            var runs: [StateRun.Name] = []
            guard (0...sequenceMax).contains(sequence), (0...offsetMax).contains(offset),
                (-clockMax...clockMax).contains(clock), count <= runsMax
            else { return nil }
            for _ in 0..<min(count, reader.remaining / 28) {
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
            guard runs.count == count, reader.remaining == 0 else { return nil }
            return Checkpoint(
                sequence: sequence,
                offset: offset,
                clock: hasClock ? clock : nil,
                fingerprint: String(decoding: name, as: UTF8.self),
                extra: Array(extra),
                runs: runs
            )
        } catch {
            return nil
        }
    }
}
