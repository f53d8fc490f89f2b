import FileStore
import Foundation
import Glibc

/// Where the running server of a data directory is found: `D/server.json`, there as long as the server runs.
public struct ServerNotice: Codable, Sendable, Equatable {
    /// Such as `http://127.0.0.1:8420`.
    public var address: String
    public var pid: Int32

    public init(address: String, pid: Int32 = getpid()) {
        self.address = address
        self.pid = pid
    }

    private static func path(_ directory: String) -> String { directory + "/server.json" }

    /// Writes the notice, in place of one that a killed server has left.
    ///
    /// - Throws: ``SecurityError/file(_:)``.
    public func write(_ directory: String) throws(SecurityError) {
        let json: Data
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            json = try encoder.encode(self)
        } catch {
            throw .file("cannot write \(Self.path(directory)): \(error)")
        }
        try SecurityError.running { () throws(PrivateFileError) in
            try PrivateFile.write(String(decoding: json, as: UTF8.self) + "\n", to: Self.path(directory))
        }
    }

    /// Takes the notice away: the server ends.
    public static func remove(_ directory: String) { unlink(path(directory)) }

    /// The notice of a server that runs; nil if none does, whatever one that was killed has left.
    ///
    /// - Throws: ``SecurityError`` if the notice is damaged or could be another user's.
    public static func running(_ directory: String) throws(SecurityError) -> ServerNotice? {
        let found = try SecurityError.running { () throws(PrivateFileError) in try PrivateFile.read(path(directory)) }
        guard let text = found else { return nil }
        let notice: ServerNotice
        do {
            notice = try JSONDecoder().decode(ServerNotice.self, from: Data(text.utf8))
        } catch {
            throw .file("\(path(directory)) is not what a server writes: remove it")
        }
        return holdsLock(notice.pid, directory) ? notice : nil
    }

    /// Whether the process has the directory's lock. The token must go to no other process that happens to have the
    /// number, or the port, of one that is gone.
    private static func holdsLock(_ pid: Int32, _ directory: String) -> Bool {
        guard kill(pid, 0) == 0 || errno == EPERM else { return false }
        let descriptor = open(directory + "/lock", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var text = [UInt8](repeating: 0, count: 16)
        let count = text.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
        let digits = String(decoding: text.prefix(max(0, count)).prefix { $0 >= 0x30 && $0 <= 0x39 }, as: UTF8.self)
        guard digits == String(pid) else { return false }
        // Had for the asking: nobody has it. Let go of at once.
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0
    }
}
