import ArgumentParser
import Base
import CLZ4
import Console
import EventLog
import FileStore
import Upkeep

/// `log export`
struct LogExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the log's events into a recording, byte for byte.",
        discussion: """
            One event a line, in the order of partitions and offsets; compressed if the name ends in .lz4. Each \
            partition's events keep their order, so that replaying the file into another data directory gives the same \
            alerts: `patternalarm replay` is the way back in. Records that a repair has marked as lost are left out.

              patternalarm log export monday.jsonl.lz4 --data-dir work
              patternalarm log export - --from 2026-03-02T08:00:00Z \\
                --to 2026-03-02T09:00:00Z | wc -l
              patternalarm replay monday.jsonl.lz4 --data-dir other
            """
    )

    @Argument(help: "A new file, compressed if it ends in .lz4; - is standard output. NAME.part until it is whole.")
    var file: String

    @OptionGroup var place: LogPlace

    @OptionGroup var range: LogRange

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let store = try place.store()
            let partitions = try place.eventPartitions(store, number: range.partition)
            let target = try ExportTarget(file)
            var events = 0
            for partition in partitions {
                try range.forEach(in: partition, store) { batch, record, offset throws(CommandError) in
                    let value = batch.bytes[record.value]
                    guard !value.contains(0x0A) else {
                        throw .input(
                            "\(partition.name), offset \(offset): the event holds a line end, so that no line can hold "
                                + "it; leave it out with --from and --to"
                        )
                    }
                    try target.write(value)
                    events += 1
                    return true
                }
            }
            try target.close()
            Output.talk("\(grouped(events)) events")
        }
    }
}

/// The recording that is being written. Half a one never has its name: it would look like a whole one.
private final class ExportTarget {
    private let file: WholeFile?
    private let frame: LZ4FrameWriter?
    private var buffer: [UInt8] = []

    init(_ path: String) throws(CommandError) {
        file = path == "-" ? nil : try WholeFile(path)
        frame = path.hasSuffix(".lz4") ? LZ4FrameWriter() : nil
        buffer.reserveCapacity(1 << 17)
    }

    func write(_ line: ArraySlice<UInt8>) throws(CommandError) {
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

    func close() throws(CommandError) {
        try flush()
        if let frame { try put(frame.end()) }
        try file?.close()
    }

    private func put(_ bytes: [UInt8]) throws(CommandError) {
        if let file { try file.write(bytes) } else { Output.data(bytes, .json) }
    }
}

/// Packs bytes into one LZ4 frame, as a stream.
private final class LZ4FrameWriter {
    private var context: OpaquePointer?
    private var preferences = LZ4F_preferences_t()
    private var hasBegun = false

    init() {
        preferences.frameInfo.blockSizeID = LZ4F_max256KB
        preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled
        let code = LZ4F_createCompressionContext(&context, UInt32(LZ4F_VERSION))
        precondition(LZ4F_isError(code) == 0, "There is memory for a compression context.")
    }

    deinit {
        LZ4F_freeCompressionContext(context)
    }

    func compress(_ bytes: [UInt8]) -> [UInt8] {
        var out = begin()
        let bound = LZ4F_compressBound(bytes.count, &preferences)
        out += [UInt8](unsafeUninitializedCapacity: bound) { target, count in
            count = LZ4F_compressUpdate(context, target.baseAddress, bound, bytes, bytes.count, nil)
            precondition(LZ4F_isError(count) == 0, "Compressed bytes fit their bound.")
        }
        return out
    }

    func end() -> [UInt8] {
        var out = begin()
        let bound = LZ4F_compressBound(0, &preferences)
        out += [UInt8](unsafeUninitializedCapacity: bound) { target, count in
            count = LZ4F_compressEnd(context, target.baseAddress, bound, nil)
            precondition(LZ4F_isError(count) == 0, "A frame's end fits its bound.")
        }
        return out
    }

    private func begin() -> [UInt8] {
        guard !hasBegun else { return [] }
        hasBegun = true
        let bound = Int(LZ4F_HEADER_SIZE_MAX)
        return [UInt8](unsafeUninitializedCapacity: bound) { target, count in
            count = LZ4F_compressBegin(context, target.baseAddress, bound, &preferences)
            precondition(LZ4F_isError(count) == 0, "A frame's header fits its bound.")
        }
    }
}
