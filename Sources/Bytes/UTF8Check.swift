/// Whether bytes are UTF-8.
public enum UTF8Check {
    /// True for valid UTF-8. ASCII, nearly every line, is settled eight bytes at a time.
    public static func isValid(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let base = bytes.baseAddress else { return true }
        var index = 0
        var high: UInt64 = 0
        while index + 8 <= bytes.count {
            high |= UnsafeRawPointer(base + index).loadUnaligned(as: UInt64.self)
            index += 8
        }
        while index < bytes.count {
            high |= UInt64(base[index])
            index += 1
        }
        guard high & 0x8080_8080_8080_8080 != 0 else { return true }
        return String(validating: bytes, as: UTF8.self) != nil
    }
}
