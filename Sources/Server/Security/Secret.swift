import Base

/// Random secrets, and how they are compared.
public enum Secret {
    /// Fresh random bytes of the kernel's source, as lower-case hexadecimal digits.
    public static func hexadecimal(bytes count: Int) -> String {
        text(length: count * 2, of: Array("0123456789abcdef".utf8))
    }

    /// A code that a person could type: 24 letters and digits that are not mistaken for others, 120 bits.
    public static func code() -> String {
        text(length: 24, of: Array("0123456789abcdefghjkmnpqrstvwxyz".utf8))
    }

    /// `alphabet` has a power of two of characters, so that each is as likely as any other.
    private static func text(length: Int, of alphabet: [UInt8]) -> String {
        // getrandom(2), which waits until the kernel has gathered enough at boot.
        var source = SystemRandomNumberGenerator()
        let characters = (0..<length).map { _ -> UInt8 in
            let random: UInt64 = source.next()
            return alphabet[Int(random & UInt64(alphabet.count - 1))]
        }
        return String(decoding: characters, as: UTF8.self)
    }

    /// What is kept of a secret: its SHA-256.
    public static func digest(_ secret: some StringProtocol) -> String {
        SHA256.hexadecimal(of: Array(secret.utf8))
    }

    /// Whether two digests are equal, in a time that does not depend on where they differ.
    public static func isEqual(_ one: String, _ other: String) -> Bool {
        let (left, right) = (Array(one.utf8), Array(other.utf8))
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }
}
