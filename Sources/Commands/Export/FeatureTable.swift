import Bytes
import Engine

/// A file of feature rows as it is written: CSV, or one NumPy array of records (NEP 1).
///
/// Rows go through one buffer; nothing is kept but the number of rows, which an array's header holds.
final class FeatureTable {
    /// An accepted event: where in the chunk, and in its engine, it is.
    struct Row {
        var row: Int
        var partition: Int
        var index: Int
        var offset: Int64
    }

    static let keyColumns = ["event", "partition", "offset", "time_us"]

    private let names: [String]
    private let file: NewFile?
    private let isArray: Bool
    private var rowCount = 0
    private var buffer = ByteWriter(capacity: bufferSize + (1 << 16))
    /// [partition][feature] of the last chunk.
    private var lanes: [[UnsafePointer<Double>]] = []

    private static let bufferSize = 1 << 18

    init(path: String, names: [String]) throws(CommandError) {
        self.names = names
        isArray = path.hasSuffix(".npy")
        file = path == "-" ? nil : try NewFile(path)
        if isArray {
            buffer.append(header())
        } else {
            buffer.append(Array(((Self.keyColumns + names).joined(separator: ",") + "\n").utf8))
        }
    }

    /// Notes the accepted events of an engine's last chunk.
    func collect(_ engine: PartitionEngine, into rows: inout [Row]) {
        while lanes.count <= engine.partition { lanes.append([]) }
        lanes[engine.partition] = names.indices.map { engine.feature($0) }
        for index in 0..<engine.acceptedCount {
            rows.append(
                Row(
                    row: engine.row(index),
                    partition: engine.partition,
                    index: index,
                    offset: engine.offset(index)
                )
            )
        }
    }

    /// Writes rows of one chunk, whose first event is the recordings' event number `firstEvent`.
    func append(_ rows: [Row], times: UnsafePointer<Int64>, firstEvent: Int) throws(CommandError) {
        let size = (Self.keyColumns.count + names.count) * (isArray ? 8 : 26)
        for row in rows {
            let start = buffer.reserve(size)
            var end = start
            if isArray {
                put(Int64(firstEvent + row.row), at: &end)
                put(Int64(row.partition), at: &end)
                put(row.offset, at: &end)
                put(times[row.row], at: &end)
                for lane in lanes[row.partition] {
                    end.storeBytes(of: lane[row.index].bitPattern.littleEndian, as: UInt64.self)
                    end += 8
                }
            } else {
                let text = end.assumingMemoryBound(to: UInt8.self)
                var count = NumberWriter.write(firstEvent + row.row, to: text)
                for number in [row.partition, Int(row.offset), Int(times[row.row])] {
                    text[count] = 0x2C
                    count += 1 + NumberWriter.write(number, to: text + count + 1)
                }
                for lane in lanes[row.partition] {
                    text[count] = 0x2C
                    count += 1
                    let value = lane[row.index]
                    if !value.isNaN { count += NumberWriter.write(value, to: text + count) }
                }
                text[count] = 0x0A
                end += count + 1
            }
            buffer.advance(by: end - start)
            if buffer.count >= Self.bufferSize { try flush() }
        }
        rowCount += rows.count
    }

    func close() throws(CommandError) {
        try flush()
        if isArray, let file { try file.overwrite(header(), at: 0) }
        try file?.close()
    }

    func discard() {
        file?.discard()
    }

    private func flush() throws(CommandError) {
        if let file { try file.write(buffer.bytes) } else { Output.data(Array(buffer.bytes)) }
        buffer.removeAll()
    }

    /// Format version 2.0. The number of rows has room for all its digits, so that the header's size is known from the start.
    private func header() -> [UInt8] {
        let types = Self.keyColumns.map { "('\($0)', '<i8')" } + names.map { "('\($0)', '<f8')" }
        let digits = String(rowCount)
        let padded = String(repeating: " ", count: 19 - digits.count) + digits
        var text = "{'descr': [\(types.joined(separator: ", "))], 'fortran_order': False, 'shape': (\(padded),), }"
        let preamble = 12
        text += String(repeating: " ", count: 63 - (preamble + text.utf8.count) % 64) + "\n"
        var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [2, 0]
        for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: text.utf8.count >> shift)) }
        return bytes + Array(text.utf8)
    }

    @inline(__always)
    private func put(_ value: Int64, at place: inout UnsafeMutableRawPointer) {
        place.storeBytes(of: value.littleEndian, as: Int64.self)
        place += 8
    }
}
