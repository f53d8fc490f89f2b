public import Ingest

/// A recording's text in UTF-8, JSON as one event a line: whatever the file is packed in and however it is written,
/// which its first bytes say.
public struct RecordingSource: ByteSource {
    private let file: FileSource
    private let encoding: TextEncoding?
    /// Known at the latest before the first read.
    public var format: RecordingFormat?
    private var source: PeekedSource
    private var hasLooked = false
    private var hasBegun = false
    /// What the file is packed in, and the encoding of its text; nil: as it is, UTF-8.
    public private(set) var container: Container?
    public private(set) var foundEncoding: TextEncoding?
    /// Whether its JSON is an array, or objects that are not one a line.
    public private(set) var isSequence = false

    /// How many of the first bytes are looked at to tell what they are.
    private static let headLimit = 1 << 16
    private static let signatureLimit = 512

    /// - Parameters:
    ///   - file: Of which nothing has been read.
    ///   - format: If it is known already.
    ///   - encoding: Of the text; nil: what its first bytes say, else UTF-8.
    public init(_ file: FileSource, format: RecordingFormat?, encoding: TextEncoding? = nil) {
        self.file = file
        self.format = format
        self.encoding = encoding
        source = PeekedSource(file, isFile: file.size != nil)
    }

    /// Reads text, and returns how many bytes that were: 0 at the end.
    public mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(InputError) -> Int {
        if !hasBegun { try begin() }
        return try source.read(into: buffer)
    }

    /// The first bytes of the text, at least the first line that is not empty if it is not too long.
    public mutating func head() throws(InputError) -> [UInt8] {
        try look()
        try source.peek(atMost: Self.headLimit) { head in
            head.drop { $0 == 0x0A || $0 == 0x0D || $0 == 0x20 }.contains(0x0A)
        }
        return source.head
    }

    /// Finds out what the file is packed in, and its encoding.
    private mutating func look() throws(InputError) {
        guard !hasLooked else { return }
        hasLooked = true
        let isFile = file.size != nil
        try source.peek(atMost: Self.signatureLimit) { $0.count >= Container.signatureCount }
        if let container = Container(source.head) {
            self.container = container
            source = PeekedSource(UnpackingSource(container, source), isFile: isFile)
            try source.peek(atMost: Self.signatureLimit) { $0.count >= TextEncoding.headCount }
        }
        if let words = ForeignFormat.words(source.head, in: container) {
            throw .unreadable(path: file.path, errno: 0, words: words)
        }
        foundEncoding = encoding ?? TextEncoding(source.head)
        guard let foundEncoding, foundEncoding != .utf8 else { return }
        source = PeekedSource(TranscodingSource(source, from: foundEncoding), isFile: isFile)
    }

    /// A text of lines that a carriage return alone ends, as old Macs write it, is one line that has no end.
    private mutating func refuseLoneReturns() throws(InputError) {
        try source.peek(atMost: Self.headLimit) { $0.contains(0x0A) }
        let head = source.head
        guard !head.contains(0x0A), head.dropLast().contains(0x0D) else { return }
        throw .unreadable(path: file.path, errno: 0, words: CSVHeader.Fault.lineEnds.description)
    }

    private mutating func begin() throws(InputError) {
        try look()
        hasBegun = true
        guard format != .csv else { return try refuseLoneReturns() }
        try source.peek(atMost: Self.headLimit) { head in
            if case .open = JSONSequence.shape(head) { return false }
            return true
        }
        guard case .sequence = JSONSequence.decidedShape(source.head) else { return }
        isSequence = true
        source = PeekedSource(JSONSequence(source), isFile: file.size != nil)
    }
}
