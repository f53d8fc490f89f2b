import EventLog
import FileStore
import Foundation
import TestKit

/// Runs the body on so many threads of their own, and waits for all of them.
func inThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let threads = (0..<count).map { number in RunningThread { body(number) } }
    for thread in threads { thread.wait() }
}

/// A thread that has begun.
struct RunningThread: Sendable {
    private let isDone = DispatchSemaphore(value: 0)

    init(_ body: @escaping @Sendable () -> Void) {
        let isDone = isDone
        Thread {
            body()
            isDone.signal()
        }.start()
    }

    func wait() {
        isDone.wait()
    }
}

extension RecordBatchBuilder {
    convenience init(_ events: [Event]) {
        self.init()
        for event in events {
            event.value.withUnsafeBytes { value in
                (event.key ?? []).withUnsafeBytes { key in
                    add(
                        timestampMilliseconds: event.time,
                        key: event.key == nil ? nil : key,
                        value: value,
                        headers: event.headers
                    )
                }
            }
        }
    }
}

/// A store that stops in the middle of each sync of a segment until it is let go on, and keeps the sizes of writes.
final class HeldStore: FileStore {
    private let store = CrashingStore()
    private let isHolding = Guarded(false)
    private let writeSizes = Guarded<[Int]>([])
    private let hasReached = DispatchSemaphore(value: 0)
    private let mayGoOn = DispatchSemaphore(value: 0)

    /// From now on a sync of a segment waits for ``letGo()``.
    func hold() {
        isHolding.withLock { $0 = true }
    }

    /// Waits until a sync has been reached.
    func waitForSync() {
        hasReached.wait()
    }

    /// Lets the sync that has been reached go on; the next one is held again.
    func letGo() {
        mayGoOn.signal()
    }

    /// Holds no more syncs.
    func release() {
        isHolding.withLock { $0 = false }
        mayGoOn.signal()
    }

    /// The sizes of the writes to segments, in order.
    var writes: [Int] { writeSizes.withLock { $0 } }

    func sync(_ file: String) throws(FileError) {
        if file.hasSuffix(".log"), isHolding.withLock({ $0 }) {
            hasReached.signal()
            mayGoOn.wait()
        }
        try store.sync(file)
    }

    func write(_ bytes: UnsafeRawBufferPointer, to file: String, at position: Int) throws(FileError) {
        if file.hasSuffix(".log"), !bytes.isEmpty { writeSizes.withLock { $0.append(bytes.count) } }
        try store.write(bytes, to: file, at: position)
    }

    func createDirectory(_ directory: String) throws(FileError) { try store.createDirectory(directory) }
    func list(_ directory: String) throws(FileError) -> [String] { try store.list(directory) }
    func size(of file: String) throws(FileError) -> Int? { try store.size(of: file) }
    func read(_ file: String, at position: Int, into target: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
        try store.read(file, at: position, into: target)
    }
    func fill(_ file: String, at position: Int, count: Int) throws(FileError) {
        try store.fill(file, at: position, count: count)
    }
    func syncDirectory(_ directory: String) throws(FileError) { try store.syncDirectory(directory) }
    func truncate(_ file: String, to size: Int) throws(FileError) { try store.truncate(file, to: size) }
    func rename(_ source: String, to target: String) throws(FileError) { try store.rename(source, to: target) }
    func remove(_ file: String) throws(FileError) { try store.remove(file) }
}
