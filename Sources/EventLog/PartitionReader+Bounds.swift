public import Base
public import FileStore

extension PartitionReader {
    /// The offset of the oldest record that is kept, and the one behind the last whole batch. Reads the newest segment
    /// from its last index entry on; needs no writer and does not disturb one.
    public static func bounds(
        directory: String,
        store: any FileStore
    ) throws(LogError) -> (start: LogOffset, end: LogOffset) {
        let bases = try files { () throws(FileError) in try Segment.bases(directory, store) }
        guard let first = bases.first, let last = bases.last else {
            let end = LogOffset(try PartitionFiles(directory, store).mark?.endOffset ?? 0)
            return (end, end)
        }
        return try files { () throws(FileError) in
            let segment = Segment(baseOffset: last, directory: directory)
            let scanner = SegmentScanner(segment, store: store)
            let size = try segment.size(store) ?? 0
            if let entry = try SegmentIndex(segment, logSize: size, store)?.offsets.last {
                _ = try scanner.start(at: entry)
            }
            while true {
                switch try scanner.next() {
                case .batch, .damaged: continue
                case .torn, .end: return (LogOffset(first), LogOffset(scanner.expectedOffset))
                }
            }
        }
    }
}
