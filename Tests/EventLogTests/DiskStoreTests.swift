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
