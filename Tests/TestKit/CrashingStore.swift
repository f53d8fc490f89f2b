import Base
import FileStore

/// Files in memory that lose, on ``crash()``, a random part of whatever was not synced, and whose calls can fail.
public final class CrashingStore: FileStore {
    private var written: [String: [UInt8]] = [:]
    private var synced: [String: Int] = [:]
    private var random: Seeded

    /// The chance, in percent, that the next append or sync fails with EIO.
    public var failurePercent = 0

    public init(seed: UInt64) {
        random = Seeded(seed: seed)
    }

    /// Cuts the power: each file keeps its synced bytes and some prefix of the rest, whose last byte may be wrong.
    public func crash() {
        failurePercent = 0
        for name in written.keys.sorted() {
            let bytes = written[name] ?? []
            let durable = min(synced[name] ?? 0, bytes.count)
            var kept = Array(bytes.prefix(durable + random.below(bytes.count - durable + 1)))
            if kept.count > durable, random.below(2) == 0 { kept[kept.count - 1] ^= 0x40 }
            written[name] = kept
            synced[name] = kept.count
        }
    }

    public func bytes(of name: String) -> [UInt8] { written[name] ?? [] }

    public func set(_ bytes: [UInt8], for name: String) {
        written[name] = bytes
        synced[name] = bytes.count
    }

    public func createDirectory(_ name: String) throws(FileError) {}

    public func list(_ directory: String) throws(FileError) -> [String] {
        written.keys.filter { $0.hasPrefix(directory + "/") }.map { String($0.dropFirst(directory.count + 1)) }.sorted()
    }

    public func size(of name: String) throws(FileError) -> Int? { written[name]?.count }

    public func append(_ bytes: UnsafeRawBufferPointer, to name: String) throws(FileError) {
        let fails = random.below(100) < failurePercent
        // A failed write may have written a part.
        written[name, default: []].append(contentsOf: fails ? bytes[..<random.below(bytes.count + 1)] : bytes[...])
        if fails { throw FileError(.append, name, errno: 5, words: "injected") }
    }

    public func read(
        _ name: String,
        at position: Int,
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(FileError) -> Int {
        let bytes = written[name] ?? []
        guard position < bytes.count else { return 0 }
        let count = min(buffer.count, bytes.count - position)
        buffer.copyBytes(from: bytes[position..<position + count])
        return count
    }

    public func truncate(_ name: String, to size: Int) throws(FileError) {
        written[name] = Array((written[name] ?? []).prefix(size))
        synced[name] = min(synced[name] ?? 0, size)
    }

    public func sync(_ name: String) throws(FileError) {
        if random.below(100) < failurePercent { throw FileError(.sync, name, errno: 5, words: "injected") }
        synced[name] = written[name]?.count ?? 0
    }

    public func syncDirectory(_ name: String) throws(FileError) {}

    public func remove(_ name: String) throws(FileError) {
        written[name] = nil
        synced[name] = nil
    }
}
