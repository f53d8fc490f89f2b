import Base
import Ingest

/// A recording that is being written, one event a line. Half a one never has its name: it would look like a whole one.
public final class ExportTarget {
    private let file: WholeFile?
    private let frame: LZ4FrameWriter?
    private var buffer: [UInt8] = []

    /// - Parameter path: A new file, compressed if it ends in .lz4; - is standard output.
    /// - Throws: ``CommandError/storage(_:)`` if it cannot be made.
    public init(_ path: String) throws(CommandError) {
        file = path == "-" ? nil : try WholeFile(path)
        frame = path.hasSuffix(".lz4") ? LZ4FrameWriter() : nil
        buffer.reserveCapacity(1 << 17)
    }

    /// Adds an event, byte for byte, but for what a terminal would obey. Throws what the disk says.
    public func write(_ line: ArraySlice<UInt8>) throws(CommandError) {
        if file == nil {
            Output.append(event: line, to: &buffer)
        } else {
            buffer.append(contentsOf: line)
            buffer.append(0x0A)
        }
        if buffer.count >= 1 << 16 { try flush() }
    }

    private func flush() throws(CommandError) {
        guard !buffer.isEmpty else { return }
        try put(frame?.compress(buffer) ?? buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    /// Writes what is left, and gives the file its name. Throws what the disk says.
    public func close() throws(CommandError) {
        try flush()
        if let frame { try put(frame.end()) }
        try file?.close()
    }

    private func put(_ bytes: [UInt8]) throws(CommandError) {
        if let file { try file.write(bytes) } else { Output.data(bytes, .json) }
    }
}
