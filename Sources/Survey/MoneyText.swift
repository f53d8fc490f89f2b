/// Numbers with the name or sign of a currency beside them, told from codes that letters and digits make.
enum MoneyText {
    private static let names: Set<String> = [
        "usd", "eur", "gbp", "jpy", "chf", "cny", "rmb", "inr", "aud", "cad", "nzd", "sek", "nok", "dkk", "pln", "czk",
        "huf",
        "rub", "try", "brl", "mxn", "zar", "krw", "sgd", "hkd", "idr", "thb", "myr", "php", "vnd", "aed", "sar", "ils",
        "egp",
        "ngn", "kes", "uah", "ron", "bgn", "isk", "ars", "clp", "cop", "pen", "kr", "rs", "fr",
    ]

    /// Whether what stands beside the digits can be a currency, or nothing does.
    static func isLikely(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard text.count <= 32 else { return false }
        var name = ""
        var groups = 0
        var wasLetter = false
        for byte in text {
            let isLetter = byte | 0x20 &- 0x61 < 26
            if isLetter {
                if !wasLetter { groups += 1 }
                name.unicodeScalars.append(Unicode.Scalar(byte | 0x20))
            }
            wasLetter = isLetter
        }
        return groups == 0 || groups == 1 && names.contains(name)
    }
}
