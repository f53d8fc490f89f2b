import Foundation
import Glibc
import Server
import Synchronization
import Testing

/// What the kernel refuses to a confined thread. Confinement is for good, so each test confines a thread of its own.
@Suite struct SecurityConfinementTests {
    /// Runs something on a new thread that may write to one folder only.
    private func confined(to folder: String, _ body: @escaping @Sendable () -> [String: Int32]) -> [String: Int32] {
        let results = Mutex<[String: Int32]>([:])
        let done = DispatchSemaphore(value: 0)
        withExtendedLifetime(results) {
            let thread = Thread { [self] in
                let confinement = Confinement.begin(writable: [folder], readable: [], port: 0)
                var found = body()
                found["seccomp"] = isActive("seccomp", confinement) ? 1 : 0
                found["Landlock"] = isActive("Landlock", confinement) ? 1 : 0
                results.withLock { $0 = found }
                done.signal()
            }
            thread.start()
            done.wait()
        }
        return results.withLock { $0 }
    }

    private func isActive(_ part: String, _ confinement: Confinement) -> Bool {
        !confinement.description.contains("no \(part)")
    }

    /// The error of a call that gave a negative number, or 0.
    private static func error(_ result: Int32) -> Int32 {
        if result >= 0 { close(result) }
        return result < 0 ? errno : 0
    }

    @Test func callsThatAServerDoesNotMakeAreRefused() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer {
            do { try FileManager.default.removeItem(atPath: folder) } catch {
                print("cannot remove \(folder): \(error)")
            }
        }
        let found = confined(to: folder) {
            var found: [String: Int32] = [:]
            var child = pid_t()
            let arguments = [strdup("true"), nil]
            found["program"] = posix_spawn(&child, "/bin/true", nil, nil, arguments, nil)
            free(arguments[0])
            let stream = Int32(SOCK_STREAM.rawValue)
            found["datagrams"] = Self.error(socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0))
            found["local socket"] = Self.error(socket(AF_UNIX, stream, 0))
            found["tcp"] = Self.error(socket(AF_INET, stream | Int32(SOCK_NONBLOCK.rawValue), 0))
            found["tcp 6"] = Self.error(socket(AF_INET6, stream | Int32(SOCK_CLOEXEC.rawValue), 0))
            let client = socket(AF_INET, stream, 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            address.sin_port = UInt16(9).bigEndian
            found["connection"] = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 ? 0 : errno
                }
            }
            close(client)
            found["root"] = chroot("/") == 0 ? 0 : errno
            found["inside"] = Self.error(open("\(folder)/made", O_CREAT | O_WRONLY, 0o600))
            found["outside"] = Self.error(open("/etc/passwd", O_RDONLY))
            return found
        }
        for name in ["tcp", "inside"] { #expect(found[name] == 0, "\(name)") }
        // A machine may have no IPv6.
        #expect(found["tcp 6"] == 0 || found["tcp 6"] == EAFNOSUPPORT)
        if found["seccomp"] == 1 {
            for name in ["program", "datagrams", "local socket", "connection", "root"] {
                #expect(found[name] == EPERM, "\(name)")
            }
        }
        if found["Landlock"] == 1 { #expect(found["outside"] == EACCES) }
        // Whoever runs this has a kernel with at least one of the two; otherwise nothing was tested.
        #expect(found["seccomp"] == 1 || found["Landlock"] == 1)
    }
}
