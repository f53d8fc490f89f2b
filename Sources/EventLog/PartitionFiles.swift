public import Base
public import FileStore

/// The segments of a partition that are there, and what is known of it besides: enough to tell what is missing.
struct PartitionFiles {
    /// First offsets of the segments, in order.
    let bases: [Int64]
    /// How far the log is known to have been durable, by its own marks, the manifest, or whoever has built on it; nil
    /// if nothing is known.
    let mark: DurableMark?
    /// What the manifest says; nil if the partition is not in it.
    let bounds: LogManifest.Bounds?
    /// What is missing at the log's beginning; all of it, if no segment is there.
    let loss: LogDamage?

    /// Of a folder, which need not be there. `durable` is an offset that somebody has built on.
    init(_ directory: String, _ store: any FileStore, durable: Int64 = 0) throws(LogError) {
        // First what is known of the end, then the files: beside a writer, it is in them by then.
        var bounds = try LogManifest.bounds(directory, store)
        var mark = try files { () throws(FileError) in try DurableMark.read(directory, store) }
        bases = try files { () throws(FileError) in try Segment.bases(directory, store) }
        let known = max(durable, bounds?.end.rawValue ?? 0)
        if known > mark?.endOffset ?? 0 { mark = DurableMark(baseOffset: -1, position: 0, endOffset: known) }
        self.mark = mark
        if let first = bounds?.first.rawValue, bases.first ?? .max > first {
            // Beside a retention, the other way round: it says so before it removes anything.
            bounds = try LogManifest.bounds(directory, store)
        }
        self.bounds = bounds
        loss = Self.loss(directory, bounds, bases, end: mark?.endOffset ?? 0)
    }

    private static func loss(
        _ directory: String,
        _ bounds: LogManifest.Bounds?,
        _ bases: [Int64],
        end: Int64
    ) -> LogDamage? {
        let first = bounds?.first.rawValue ?? 0
        let next: Int64?
        if let base = bases.first {
            guard bounds != nil, base > first else { return nil }
            next = base
        } else {
            guard bounds != nil || end > 0 else { return nil }
            next = end > first ? end : nil
        }
        return LogDamage(
            file: Segment(baseOffset: first, directory: directory).log,
            position: 0,
            byteCount: 0,
            offset: LogOffset(first),
            nextOffset: next.map { LogOffset($0) },
            fault: .gone(isWhole: bases.isEmpty)
        )
    }
}

extension LogManifest {
    /// What is missing at the beginning or at the end of the partitions in a folder, by the manifest and by what
    /// somebody has built on; `wanted` picks the partitions by name. Reads no more than the newest segment of each.
    public static func missing(
        in folder: String = "log",
        store: any FileStore,
        built: [String: LogOffset] = [:],
        where wanted: (String) -> Bool = { _ in true }
    ) throws(LogError) -> [LogDamage] {
        let known = try read(folder, store: store)?.partitions.keys.map { $0 } ?? []
        var found: [LogDamage] = []
        for name in Set(known + built.keys).sorted() where wanted(name) {
            let directory = folder + "/" + name
            let files = try PartitionFiles(directory, store, durable: built[name]?.rawValue ?? 0)
            if let loss = files.loss {
                found.append(loss)
            } else if let mark = files.mark, let last = files.bases.last {
                let end = try PartitionReader.bounds(directory: directory, store: store).end.rawValue
                let segment = Segment(baseOffset: last, directory: directory)
                let size = try EventLog.files { () throws(FileError) in try segment.size(store) ?? 0 }
                if let lost = mark.damage(segment, position: size, endOffset: end, torn: nil) { found.append(lost) }
            }
        }
        return found
    }
}
