/// Files that are no recordings as they are, told by their first bytes, and what to do with them.
enum ForeignFormat {
    private static let signatures: [(bytes: [UInt8], words: String)] = [
        ([0x1F, 0x8B], "it is compressed with gzip: unpack it first (gunzip)"),
        ([0x28, 0xB5, 0x2F, 0xFD], "it is compressed with zstd: unpack it first (unzstd)"),
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "it is compressed with xz: unpack it first (unxz)"),
        (Array("BZh".utf8), "it is compressed with bzip2: unpack it first (bunzip2)"),
        ([0x04, 0x22, 0x4D, 0x18], "it is compressed with LZ4, which is read from files: unpack it first (unlz4)"),
        ([0x50, 0x4B, 0x03, 0x04], "it is a ZIP archive or a spreadsheet: unpack it, or save it as CSV"),
        (Array("PAR1".utf8), "it is a Parquet file: write it as CSV or JSON lines first"),
        (Array("SQLite format 3".utf8), "it is an SQLite database: write the table as CSV or JSON lines first"),
        ([0xFF, 0xFE], utf16), ([0xFE, 0xFF], utf16),
    ]

    private static let utf16 = "it is UTF-16: make it UTF-8 first (iconv -f UTF-16 -t UTF-8)"

    /// Why a file that begins with these bytes cannot be read as it is; nil if nothing speaks against it.
    static func words(_ bytes: UnsafeRawBufferPointer, format: RecordingFormat) -> String? {
        if let known = signatures.first(where: { bytes.starts(with: $0.bytes) }) { return known.words }
        // ASCII in UTF-16 has a zero in every second byte.
        let isWide = (0..<2).contains { bytes.count >= 4 && bytes[$0] == 0 && bytes[$0 + 2] == 0 && bytes[1 - $0] != 0 }
        if isWide { return utf16 }
        guard format == .jsonl else { return nil }
        let spaces: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF]
        guard bytes.first(where: { !spaces.contains($0) }) == 0x5B else { return nil }
        return "it is one JSON array: write its objects one a line first (jq -c '.[]')"
    }
}
