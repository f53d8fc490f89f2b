import Base
import FileStore
import State

/// Merges runs into one: of a key in several, the newest counts.
enum StateMerge {
    /// Reads all runs, the newest first, once and in step, in constant memory. Records that `isDead` are left out: only
    /// where nothing older than these runs exists, or an older version would come to life again.
    static func merge(
        _ runs: [StateRun],
        directory: String,
        sequence: Int,
        store: any FileStore,
        isDead: (StateRecord) -> Bool
    ) throws(StateError) -> StateRun.Name {
        precondition(!runs.isEmpty, "Of no runs none is made.")
        var sources: [Source] = []
        for run in runs { sources.append(try Source(run)) }
        var writer = try files { () throws(FileError) in
            try StateRunWriter(directory: directory, sequence: sequence, store: store)
        }
        while let least = least(of: sources) {
            for index in sources.indices where index != least {
                if sources[index].hasKey(of: sources[least]) { try sources[index].advance() }
            }
            do throws(FileError) {
                try sources[least].withRecord { (record) throws(FileError) in
                    if !isDead(record) { try writer.add(record) }
                }
            } catch {
                throw .file(error)
            }
            try sources[least].advance()
        }
        do throws(FileError) { return try writer.finish() } catch { throw .file(error) }
    }

    /// The source whose record comes next; of equal keys the newest run's.
    private static func least(of sources: [Source]) -> Int? {
        var least: Int?
        for index in sources.indices where !sources[index].isAtEnd {
            if let known = least, !sources[index].precedes(sources[known]) { continue }
            least = index
        }
        return least
    }

    /// A run and its next record, copied out of the block.
    private struct Source {
        private let cursor: StateRun.Cursor
        private var table = StateTable(0)
        private var key = Text.absent
        private var time: Int64 = 0
        private var value: [UInt8] = []
        private(set) var isAtEnd = false

        init(_ run: StateRun) throws(StateError) {
            cursor = run.cursor()
            try advance()
        }

        mutating func advance() throws(StateError) {
            var held: [UInt8] = []
            swap(&held, &value)
            let found = try cursor.next { record in
                held.removeAll(keepingCapacity: true)
                held.append(contentsOf: record.value)
                return (record.table, record.key, record.time)
            }
            value = held
            guard let found else {
                isAtEnd = true
                return
            }
            (table, key, time) = found
        }

        private var head: StateRecord {
            StateRecord(table: table, key: key, time: time, value: UnsafeRawBufferPointer(start: nil, count: 0))
        }

        func precedes(_ other: Source) -> Bool { head.precedes(other.head) }

        func hasKey(of other: Source) -> Bool { !isAtEnd && head.hasKey(of: other.head) }

        func withRecord(_ body: (StateRecord) throws(FileError) -> Void) throws(FileError) {
            try value.span.bytes.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) throws(FileError) in
                try body(StateRecord(table: table, key: key, time: time, value: bytes))
            }
        }
    }
}
