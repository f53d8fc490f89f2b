import Base
import FileStore

/// The names of one segment's three files. A segment is named by its first offset, in 20 digits.
struct Segment: Equatable {
    let baseOffset: Int64
    let directory: String

    var log: String { name("log") }
    var index: String { name("index") }
    var timeIndex: String { name("timeindex") }

    /// The size of the `.log` file, or nil if there is none.
    ///
    /// - Throws: ``FileStore/FileError``, with a misfit if no segment can be as large.
    func size(_ store: any FileStore) throws(FileError) -> Int? {
        try store.size(of: log, max: LogLimits.segmentBytes)
    }

    private func name(_ ending: String) -> String {
        let digits = String(baseOffset)
        return "\(directory)/\(String(repeating: "0", count: 20 - digits.count))\(digits).\(ending)"
    }

    /// First offsets of the segments in a folder, in order. Other files are none of ours.
    static func bases(_ directory: String, _ store: any FileStore) throws(FileError) -> [Int64] {
        try store.list(directory).compactMap { name in
            guard name.hasSuffix(".log"), name.utf8.count == 24, name.first?.isNumber == true else { return nil }
            return Int64(name.dropLast(4)).flatMap { $0 <= LogLimits.offset ? $0 : nil }
        }.sorted()
    }
}
