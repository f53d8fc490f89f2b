import FileStore

/// A disk that says that the log's manifest is durable before it is: the bug of whoever acts on it too early.
final class LateManifestStore: FileStore {
    private let store: any FileStore

    init(_ store: any FileStore) {
        self.store = store
    }

    func sync(_ file: String) throws(FileError) {
        if !file.hasPrefix("log/manifest") { try store.sync(file) }
    }

    func syncDirectory(_ directory: String) throws(FileError) {
        if directory != "log" { try store.syncDirectory(directory) }
    }

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
