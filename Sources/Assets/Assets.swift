import CAssets

/// Files that are part of the executable.
public enum Assets {
    /// A file's bytes, or nil if there is none of that name.
    public static func bytes(_ name: String) -> [UInt8]? {
        all.first { String(cString: $0.name) == name }.map {
            Array(UnsafeBufferPointer(start: $0.bytes, count: $0.size))
        }
    }

    /// What stands between prefix and suffix in the names that have both.
    public static func names(_ prefix: String, suffix: String = "") -> [String] {
        all.map { String(cString: $0.name) }
            .filter { $0.hasPrefix(prefix) && $0.hasSuffix(suffix) }
            .map { String($0.dropFirst(prefix.count).dropLast(suffix.count)) }
    }

    private static var all: UnsafeBufferPointer<pa_asset> {
        var count = 0
        let first = pa_assets(&count)
        return UnsafeBufferPointer(start: first, count: count)
    }
}
