#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A number with a fixed count of decimals, a point, and no grouping.
public func fixed(_ value: Double, _ decimals: Int) -> String {
    // The largest number has 309 digits in front of its point.
    let size = 320 + max(0, decimals)
    return String(unsafeUninitializedCapacity: size) { bytes in
        let count = withVaList([Int32(clamping: decimals), value]) { arguments in
            bytes.withMemoryRebound(to: CChar.self) { vsnprintf($0.baseAddress, size, "%.*f", arguments) }
        }
        return min(max(0, Int(count)), size - 1)
    }
}
