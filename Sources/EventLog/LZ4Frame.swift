import CLZ4

/// Unpacks LZ4 frames of any kind (linked or independent blocks, with or without checksums) with one reused context.
final class LZ4Decompressor {
    private var context: OpaquePointer?

    init() {}

    deinit {
        LZ4F_freeDecompressionContext(context)
    }

    /// Unpacks one frame into the beginning of `target`, which grows as needed and never beyond `limit`.
    ///
    /// Returns the number of bytes, or what is wrong with the frame. The bytes behind them are left over from before.
    func decompress(
        _ frame: UnsafeRawBufferPointer,
        into target: inout [UInt8],
        limit: Int
    ) -> Result<Int, FrameFault> {
        if context == nil {
            let code = LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))
            guard LZ4F_isError(code) == 0 else { return .failure(FrameFault("no memory for its decompression")) }
        }
        LZ4F_resetDecompressionContext(context)
        var taken = 0
        var size = 0
        grow(&target, to: min(limit, max(frame.count * 4, 1 << 16)))
        while true {
            var produced = target.count - size
            var used = frame.count - taken
            let hint = target.withUnsafeMutableBytes { buffer in
                LZ4F_decompress(
                    context,
                    buffer.baseAddress.map { $0 + size },
                    &produced,
                    frame.baseAddress.map { $0 + taken },
                    &used,
                    nil
                )
            }
            guard LZ4F_isError(hint) == 0 else { return .failure(FrameFault("its LZ4 frame is broken")) }
            size += produced
            taken += used
            if hint == 0 { break }
            if size < target.count {
                // There was room for more, so what is missing is input.
                if used == 0, produced == 0 { return .failure(FrameFault("its LZ4 frame ends too early")) }
            } else if size < limit {
                grow(&target, to: min(limit, size * 2))
            } else {
                return .failure(FrameFault("it unpacks to more than \(limit) bytes"))
            }
        }
        guard taken == frame.count else { return .failure(FrameFault("something follows its LZ4 frame")) }
        return .success(size)
    }

    private func grow(_ target: inout [UInt8], to count: Int) {
        guard count > target.count else { return }
        target.append(contentsOf: repeatElement(0, count: count - target.count))
    }
}

/// What is wrong with the packed part of a batch.
struct FrameFault: Error, Equatable {
    let words: String

    init(_ words: String) {
        self.words = words
    }
}
