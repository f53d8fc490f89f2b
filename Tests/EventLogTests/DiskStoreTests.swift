import EventLog
import FileStore
import Foundation
import Testing

/// Goal: the real disk behaves as the store's contract says, and the lock admits one writer.
@Suite("DiskStore")
final class DiskStoreTests {
    private let root = NSTemporaryDirectory() + "patternalarm-\(UUID().uuidString)"

    deinit {
        do { try FileManager.default.removeItem(atPath: root) } catch { print("cannot remove \(root): \(error)") }
    }

    @Test func filesAreWrittenReadCutAndRenamed() throws {
        let store = DiskStore(root: root)
        try store.createDirectory("a/b")
        try store.createDirectory("a/b")
        #expect(try store.list("none").isEmpty)
        #expect(try store.size(of: "a/b/c") == nil)
        try store.write(Array("hello".utf8), to: "a/b/c", at: 3)
        try store.fill("a/b/c", at: 8, count: 3_000_000)
        try store.sync("a/b/c")
        #expect(try store.size(of: "a/b/c") == 3_000_008)
        try store.truncate("a/b/c", to: 8)
        #expect(try store.contents(of: "a/b/c") == [0, 0, 0] + Array("hello".utf8))
        try store.replace("a/b/d", with: [1, 2])
        try store.replace("a/b/d", with: [3])
        #expect(try store.contents(of: "a/b/d") == [3])
        #expect(try store.list("a/b") == ["c", "d"])
        try store.remove("a/b/d")
        try store.remove("a/b/d")
        #expect(try store.contents(of: "a/b/d") == nil)
    }

    /// By another process, whose calls this store does not see.
    @Test func whatAnotherHasReplacedIsReadAnew() throws {
        let (store, other) = (DiskStore(root: root), DiskStore(root: root))
        try store.createDirectory("")
        try store.replace("file", with: [1])
        #expect(try store.contents(of: "file") == [1])
        try other.replace("file", with: [2])
        #expect(try store.contents(of: "file") == [2])
    }

    @Test func whatIsHeldIsReadThoughItIsRemoved() throws {
        let store = DiskStore(root: root)
        try store.createDirectory("")
        try store.write([1, 2, 3], to: "file", at: 0)
        let reader = DiskStore(root: root)
        #expect(try reader.hold("file") == 3)
        #expect(try reader.hold("none") == nil)
        try store.replace("file", with: [4])
        try store.remove("file")
        var bytes = [UInt8](repeating: 0, count: 8)
        let count = try bytes.withUnsafeMutableBytes { try reader.read("file", at: 0, into: $0) }
        #expect(count == 3 && bytes.starts(with: [1, 2, 3]))
    }

    @Test func errorsNameTheFileAndTheWayOut() throws {
        let store = DiskStore(root: root)
        try store.createDirectory("")
        try store.write([1], to: "file", at: 0)
        let error = #expect(throws: FileError.self) { try store.createDirectory("file/below") }
        #expect(error?.code == ENOTDIR)
        let missing = #expect(throws: FileError.self) { try store.write([1], to: "no/file", at: 0) }
        #expect(missing?.description.contains("no/file") == true)
        #expect(missing?.description.contains("check the path") == true)
    }

    /// What is no file is neither read nor waited for.
    @Test(arguments: ["pipe", "folder", "socket", "device", "nothing"])
    func whatIsNoFileIsRefused(kind: String) throws {
        let store = DiskStore(root: root)
        try store.createDirectory("")
        let path = root + "/it"
        switch kind {
        case "pipe": #expect(mkfifo(path, 0o644) == 0)
        case "folder": #expect(mkdir(path, 0o755) == 0)
        case "device": #expect(symlink("/dev/zero", path) == 0)
        case "nothing": #expect(symlink("nowhere", path) == 0)
        default:
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            // A short path: a socket's name has room for 108 bytes.
            let short = "/tmp/pa-\(ProcessInfo.processInfo.processIdentifier)"
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: short.utf8) }
            let size = socklen_t(MemoryLayout<sockaddr_un>.size)
            let bound = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
            }
            #expect(bound == 0 && rename(short, path) == 0)
        }
        func expectMisfit(_ body: () throws -> Void) {
            let error = #expect(throws: FileError.self) { try body() }
            #expect(
                error?.isMisfit == true && error?.description.contains("not a file") == true,
                "\(String(describing: error))"
            )
        }
        expectMisfit { _ = try store.size(of: "it") }
        expectMisfit { _ = try store.contents(of: "it") }
        if kind != "nothing" { expectMisfit { try store.write([1], to: "it", at: 0) } }
    }

    @Test func whatIsLargerThanItCanBeIsRefused() throws {
        let store = DiskStore(root: root)
        try store.createDirectory("")
        try store.write([1], to: "it", at: 1 << 40)
        let error = #expect(throws: FileError.self) { _ = try store.contents(of: "it", max: 1000) }
        #expect(error?.misfit == .size((1 << 40) + 1, max: 1000))
    }

    @Test func moreFilesThanDescriptorsWork() throws {
        let store = DiskStore(root: root)
        try store.createDirectory("")
        for round in 0..<3 {
            for number in 0..<DiskStore.openFilesMax * 2 { try store.write([UInt8(round)], to: "\(number)", at: round) }
        }
        for number in 0..<DiskStore.openFilesMax * 2 { #expect(try store.contents(of: "\(number)") == [0, 1, 2]) }
    }

    @Test func theLockAdmitsOneAndNamesIt() throws {
        try DiskStore(root: root).createDirectory("")
        var first: DirectoryLock? = try DirectoryLock(root)
        let pid = String(ProcessInfo.processInfo.processIdentifier)
        #expect(throws: DirectoryLock.Failure.heldBy(pid: pid, directory: root)) { try DirectoryLock(root) }
        _ = try #require(first)
        first = nil
        _ = try DirectoryLock(root)
    }

    @Test func aLogOnARealDisk() throws {
        let store = DiskStore(root: root)
        var settings = LogSettings()
        settings.durability = .fsync
        settings.segmentBytes = 100_000
        settings.fillAheadBytes = 30_000
        let batches = makeBatches(300, seed: 21, valueBytesMax: 900)
        let log = try open(store, settings)
        for batch in batches { try log.append(batch) }
        #expect(try readAll(DiskStore(root: root)) == numbered(batches))
        try log.close()
        let report = try LogReport.verify(directory: folder, store: store)
        #expect(report.damage.isEmpty && report.segments.count > 2)
        #expect(try open(store, settings).endOffset == log.endOffset)
    }
}
