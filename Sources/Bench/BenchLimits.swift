import CLZ4
import Console
import Foundation

/// What the machine can do at best with the same bytes: LZ4 alone, and plain writes and syncs.
struct BenchLimits {
    let events: BenchEvents
    let nanoseconds: Int64

    struct Codec {
        var compress = BenchCount()
        var decompress = BenchCount()
    }

    /// LZ4's own block functions on one core, chunk by chunk; unpacking by the processor's time, as reading.
    func lz4(chunkBytes: Int) -> Codec {
        let chunks = events.chunks(of: chunkBytes).map { events.byteRange($0) }
        var packed = [UInt8](repeating: 0, count: chunks.reduce(0) { $0 + Int(LZ4_compressBound(Int32($1.count))) })
        var sizes: [(start: Int, size: Int)] = []
        var codec = Codec()
        let largest = chunks.map(\.count).max() ?? 0
        var unpacked = [UInt8](repeating: 0, count: largest)
        events.bytes.withUnsafeBufferPointer { source in
            packed.withUnsafeMutableBufferPointer { target in
                guard let from = source.baseAddress, let to = target.baseAddress else { return }
                codec.compress = measure {
                    sizes.removeAll(keepingCapacity: true)
                    var position = 0
                    for chunk in chunks {
                        let bound = LZ4_compressBound(Int32(chunk.count))
                        let size = from.withMemoryRebound(to: CChar.self, capacity: source.count) { from in
                            to.withMemoryRebound(to: CChar.self, capacity: target.count) { to in
                                LZ4_compress_default(
                                    from + chunk.lowerBound,
                                    to + position,
                                    Int32(chunk.count),
                                    bound
                                )
                            }
                        }
                        sizes.append((position, Int(size)))
                        position += Int(size)
                    }
                    return chunks.reduce(0) { $0 + $1.count }
                }
                unpacked.withUnsafeMutableBufferPointer { room in
                    codec.decompress = measure(by: processorNanoseconds) {
                        var total = 0
                        for place in sizes {
                            let size = to.withMemoryRebound(to: CChar.self, capacity: target.count) { packed in
                                room.withMemoryRebound(to: CChar.self) { room in
                                    LZ4_decompress_safe(
                                        packed + place.start,
                                        room.baseAddress,
                                        Int32(place.size),
                                        Int32(room.count)
                                    )
                                }
                            }
                            total += Int(size)
                        }
                        return total
                    }
                }
            }
        }
        return codec
    }

    /// One thread that writes so many bytes into a file of zeros and syncs it, over and over.
    func syncedWrites(_ directory: String, byteCount: Int) throws(CommandError) -> BenchCount {
        let path = directory + "/plain"
        let descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .storage("cannot write \(path): \(String(cString: strerror(errno)))") }
        defer {
            close(descriptor)
            unlink(path)
        }
        let fileBytes = 64 << 20
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        for position in stride(from: 0, to: fileBytes, by: zeros.count) {
            try check(pwrite(descriptor, zeros, zeros.count, off_t(position)) == zeros.count, path)
        }
        try check(fdatasync(descriptor) == 0, path)
        var count = BenchCount()
        var position = 0
        let began = monotonicNanoseconds()
        var last = began
        while last - began < nanoseconds {
            if position + byteCount > fileBytes { position = 0 }
            let source = position % max(1, events.bytes.count - byteCount)
            let isWritten = events.bytes.withUnsafeBytes { buffer in
                pwrite(descriptor, buffer.baseAddress.map { $0 + source }, byteCount, off_t(position)) == byteCount
            }
            try check(isWritten && fdatasync(descriptor) == 0, path)
            position += byteCount
            count.bytes += byteCount
            let now = monotonicNanoseconds()
            count.latencies.append(now - last)
            last = now
        }
        count.seconds = Double(last - began) * 1e-9
        count.latencies.sort()
        return count
    }

    private func check(_ isFine: Bool, _ path: String) throws(CommandError) {
        guard isFine else { throw .storage("cannot write \(path): \(String(cString: strerror(errno)))") }
    }

    /// Repeats the body, which returns how many bytes it went through, until the time is over.
    private func measure(by clock: () -> Int64 = monotonicNanoseconds, _ body: () -> Int) -> BenchCount {
        var count = BenchCount()
        let worked = clock()
        let began = monotonicNanoseconds()
        var now = began
        while now - began < nanoseconds {
            count.bytes += body()
            now = monotonicNanoseconds()
        }
        count.seconds = Double(clock() - worked) * 1e-9
        return count
    }
}
