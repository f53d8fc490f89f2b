/// Words as a shell takes them, to be copied from a message.
public func shellWords(_ words: [String]) -> String { words.map(shellWord).joined(separator: " ") }

/// A word as a shell takes it: as it is if it means nothing else there, else in quotes.
public func shellWord(_ word: String) -> String {
    let isPlain = word.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "_-./=:,@%+".utf8.contains(byte)
        }
    }
    guard !isPlain || word.isEmpty else { return word }
    let isPrintable = word.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
    if isPrintable { return "'" + word.unicodeScalars.map { $0 == "'" ? #"'\''"# : String($0) }.joined() + "'" }
    return shellWord(Array(word.utf8))
}

/// Bytes of any kind as a shell takes them: bash, zsh and POSIX.1-2024.
public func shellWord(_ bytes: [UInt8]) -> String {
    var out = "$'"
    for byte in bytes {
        switch byte {
        case 0x27, 0x5C: out += "\\" + String(UnicodeScalar(byte))
        case 0x20..<0x7F: out += String(UnicodeScalar(byte))
        default: out += "\\x" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }
    }
    return out + "'"
}
