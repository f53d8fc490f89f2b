/// Names of fields as people spell them.
public enum SimilarName {
    /// A name in small letters, without spaces and byte order marks around it.
    public static func folded(_ name: some Sequence<UInt8>) -> String {
        folded(String(decoding: Array(name), as: UTF8.self))
    }

    /// The same of a text.
    public static func folded(_ name: String) -> String { trimmed(name).lowercased() }

    /// A name without spaces and byte order marks around it.
    public static func trimmed(_ name: String) -> String {
        var scalars = Substring(name).unicodeScalars
        func isMargin(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace || scalar == "\u{FEFF}" }
        while let first = scalars.first, isMargin(first) { scalars.removeFirst() }
        while let last = scalars.last, isMargin(last) { scalars.removeLast() }
        return String(scalars)
    }

    /// A name's letters and digits, small.
    public static func letters(_ name: String) -> String { name.lowercased().filter { $0.isLetter || $0.isNumber } }

    /// Whether one name is the other one, shortened: `amt` of `amount`, `cust_id` of `customer_id`, `payer` of
    /// `payer_id`.
    public static func isShort(_ name: String, of other: String) -> Bool {
        let (short, long) = (letters(name), letters(other))
        if short.count >= 3, long.hasPrefix(short) || long.hasSuffix(short) { return true }
        guard short.count >= 2, short.count < long.count, short.first == long.first, short.last == long.last else {
            return false
        }
        var rest = Substring(long)
        for letter in short {
            guard let place = rest.firstIndex(of: letter) else { return false }
            rest = rest[rest.index(after: place)...]
        }
        return true
    }
}
