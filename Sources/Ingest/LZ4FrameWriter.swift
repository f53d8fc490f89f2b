import CLZ4

/// Packs bytes into one LZ4 frame, as a stream.
public final class LZ4FrameWriter {
    private var context: OpaquePointer?
    private var preferences = LZ4F_preferences_t()
    private var hasBegun = false

    /// Begins a frame, with blocks of 256 KB and a checksum of the content.
    public init() {
        preferences.frameInfo.blockSizeID = LZ4F_max256KB
        preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled
        let code = LZ4F_createCompressionContext(&context, UInt32(LZ4F_VERSION))
        precondition(LZ4F_isError(code) == 0, "There is memory for a compression context.")
    }

    deinit {
        LZ4F_freeCompressionContext(context)
    }

    /// Packs bytes; what comes out may have to wait for more of them.
    public func compress(_ bytes: [UInt8]) -> [UInt8] {
        var out = begin()
        let bound = LZ4F_compressBound(bytes.count, &preferences)
        out += [UInt8](unsafeUninitializedCapacity: bound) { target, count in
            count = LZ4F_compressUpdate(context, target.baseAddress, bound, bytes, bytes.count, nil)
            precondition(LZ4F_isError(count) == 0, "Compressed bytes fit their bound.")
        }
        return out
    }

    /// What is left, and the frame's end.
    public func end() -> [UInt8] {
        var out = begin()
        let bound = LZ4F_compressBound(0, &preferences)
        out += [UInt8](unsafeUninitializedCapacity: bound) { target, count in
            count = LZ4F_compressEnd(context, target.baseAddress, bound, nil)
            precondition(LZ4F_isError(count) == 0, "A frame's end fits its bound.")
        }
        return out
    }

    private func begin() -> [UInt8] {
        guard !hasBegun else { return [] }
        hasBegun = true
        let bound = Int(LZ4F_HEADER_SIZE_MAX)
        return [UInt8](unsafeUninitializedCapacity: bound) { target, count in
            count = LZ4F_compressBegin(context, target.baseAddress, bound, &preferences)
            precondition(LZ4F_isError(count) == 0, "A frame's header fits its bound.")
        }
    }
}
