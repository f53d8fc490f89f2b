import Ingest

/// Files that are no recordings, told by their first bytes, and what to do with them.
enum ForeignFormat {
    private static let signatures: [(bytes: [UInt8], words: String)] = [
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "it is compressed with xz: unpack it first (unxz)"),
        (Array("BZh".utf8), "it is compressed with bzip2: unpack it first (bunzip2)"),
        ([0x50, 0x4B, 0x03, 0x04], "it is a ZIP archive or a spreadsheet: unpack it, or save it as CSV"),
        ([0xD0, 0xCF, 0x11, 0xE0], "it is a document of an older office program: save it as CSV"),
        (Array("PAR1".utf8), "it is a Parquet file: write it as CSV or JSON lines first"),
        (Array("Obj\u{1}".utf8), "it is an Avro file: write it as CSV or JSON lines first"),
        (Array("SQLite format 3".utf8), "it is an SQLite database: write the table as CSV or JSON lines first"),
        ([0xFF, 0xFE, 0x00, 0x00], utf32), ([0x00, 0x00, 0xFE, 0xFF], utf32),
        (Array("<?xml".utf8), markup), (Array("<!DOCTYPE".utf8), markup), (Array("<html".utf8), markup),
    ]

    private static let utf32 = "it is UTF-32: make it UTF-8 first (iconv -f UTF-32 -t UTF-8)"
    private static let markup = "it is XML or a web page: write its records as CSV or JSON lines first"

    /// Why a file that begins with these bytes cannot be read as it is; nil if nothing speaks against it. The container
    /// is what the bytes were packed in.
    static func words(_ head: [UInt8], in container: Container?) -> String? {
        if let known = signatures.first(where: { head.starts(with: $0.bytes) }) { return known.words }
        if container != nil, let inner = Container(head) {
            return "it is packed twice, the second time with \(inner.rawValue): unpack it once"
        }
        if head.count > 262, head[257..<262].elementsEqual(Array("ustar".utf8)) {
            return "it is an archive of files (tar): unpack it first"
        }
        return nil
    }
}
