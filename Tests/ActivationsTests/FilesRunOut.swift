import FileStore
import TestKit

/// A disk on whose machine too many files are open from a sync on: what was written stays.
final class FilesRunOut: FileStore {
    private let store: CrashingStore
    private let isNext = Guarded(false)

    init(_ store: CrashingStore) { self.store = store }

    func runOutAtNextSync() { isNext.withLock { $0 = true } }

    func sync(_ file: String) throws(FileError) {
        if isNext.withLock({ $0 }) {
            isNext.withLock { $0 = false }
            store.setWant(24)
        }
        try store.sync(file)
    }

    func syncDirectory(_ directory: String) throws(FileError) { try store.syncDirectory(directory) }
    func createDirectory(_ directory: String) throws(FileError) { try store.createDirectory(directory) }
    func list(_ directory: String) throws(FileError) -> [String] { try store.list(directory) }
    func size(of file: String) throws(FileError) -> Int? { try store.size(of: file) }
    func read(_ file: String, at position: Int, into target: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
        try store.read(file, at: position, into: target)
    }
    func write(_ bytes: UnsafeRawBufferPointer, to file: String, at position: Int) throws(FileError) {
        try store.write(bytes, to: file, at: position)
    }
    func fill(_ file: String, at position: Int, count: Int) throws(FileError) {
        try store.fill(file, at: position, count: count)
    }
    func truncate(_ file: String, to size: Int) throws(FileError) { try store.truncate(file, to: size) }
    func rename(_ source: String, to target: String) throws(FileError) { try store.rename(source, to: target) }
    func remove(_ file: String) throws(FileError) { try store.remove(file) }
}
