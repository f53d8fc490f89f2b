/// Words that programs write where they have no value: those that a pipeline knows without being told.
enum NullWord {
    /// Whether a text is one of them: `NULL`, `null`, `NA`, `N/A`, `NaN`, `None`, `nil`, `\N`, `-` and the like.
    static func isOne(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        guard count <= 4 else { return false }
        var word: UInt32 = 0
        for index in 0..<count {
            let byte = bytes[index]
            word = word << 8 | UInt32(byte &- 0x41 < 26 ? byte | 0x20 : byte)
        }
        return switch word {
        // - \n na n/a nan nil null none #n/a <na>
        case 0x2D, 0x5C6E, 0x6E61, 0x6E_2F61, 0x6E_616E, 0x6E_696C, 0x6E75_6C6C, 0x6E6F_6E65, 0x236E_2F61, 0x3C6E_613E:
            true
        default: false
        }
    }
}
