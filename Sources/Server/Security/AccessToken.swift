import FileStore

/// The bearer token of a data directory: whoever can read `D/token` may do everything.
public enum AccessToken {
    private static let bytes = 32

    /// The directory's token, made if there is none yet. The directory's lock must be held.
    ///
    /// - Throws: ``SecurityError`` if others could have read or made the token.
    public static func load(_ directory: String) throws(SecurityError) -> String {
        try checkDirectory(directory)
        if let token = try existing(directory) { return token }
        let token = Secret.hexadecimal(bytes: bytes)
        try SecurityError.running { () throws(PrivateFileError) in
            try PrivateFile.write(token + "\n", to: path(directory))
        }
        return token
    }

    /// The directory's token, or nil if there is none.
    ///
    /// - Throws: ``SecurityError`` if others could have read or made the token.
    public static func existing(_ directory: String) throws(SecurityError) -> String? {
        let found = try SecurityError.running { () throws(PrivateFileError) in try PrivateFile.read(path(directory)) }
        guard let text = found else { return nil }
        let token = text.hasSuffix("\n") ? text.dropLast() : text[...]
        guard token.utf8.count == bytes * 2, token.utf8.allSatisfy(isDigit) else {
            throw .file("\(path(directory)) is not 64 hexadecimal digits: remove it, and a new one is made")
        }
        return String(token)
    }

    /// Whether only the owner can put files into the directory; it may be missing.
    ///
    /// - Throws: ``SecurityError/exposed(_:)`` if not.
    public static func checkDirectory(_ directory: String) throws(SecurityError) {
        try SecurityError.running { () throws(PrivateFileError) in try PrivateFile.checkDirectory(directory) }
    }

    private static func path(_ directory: String) -> String { directory + "/token" }

    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
        default: false
        }
    }
}
