import Base

/// Shell commands that make of a file another one that a replay can read.
public struct SourceWords {
    private let path: String
    private let shape: FileShape

    /// How a file of a shape is named on a command line.
    public init(_ path: String, _ shape: FileShape) {
        self.path = path == "-" ? "FILE" : shellWord(path)
        self.shape = shape
    }

    /// What prints the file's text, if it is not the file itself.
    private var printed: String? {
        let unpacked = shape.container.map { "\(["zstd": "zstdcat", "lz4": "lz4cat"][$0] ?? "zcat") \(path)" }
        guard shape.encoding.hasPrefix("utf-16") else { return unpacked }
        let recoded = "iconv -f \(shape.encoding.uppercased()) -t UTF-8"
        return unpacked.map { "\($0) | \(recoded)" } ?? "\(recoded) \(path)"
    }

    /// A command over the text.
    private func over(_ command: String) -> String { printed.map { "\($0) | \(command)" } ?? "\(command) \(path)" }

    private func made(_ name: String) -> String {
        guard shape.format == .csv else { return name + ".jsonl" }
        return name + (shape.separator == 0x09 ? ".tsv" : ".csv")
    }

    /// Leaves out what is above the header.
    public func belowPreamble(_ line: Int) -> String { "\(over("tail -n +\(line)")) > \(made("table"))" }

    /// The file that ``turning`` makes.
    public var turned: String { made("turned") }

    /// Turns the file round, its header staying where it is. Its last line gets an end if it has none.
    public var turning: String {
        let ended = "sed '$a\\'"
        if shape.format == .csv {
            return "(\(over("head -n 1")); \(over("tail -n +2")) | \(ended) | tac) > \(turned)"
        }
        if shape.isSequence {
            return "\(over("jq -c 'if type == \"array\" then .[] else . end'")) | tac > \(turned)"
        }
        return "\(over(ended)) | tac > \(turned)"
    }
}
