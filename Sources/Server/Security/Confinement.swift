import CProcess
import Glibc

/// Takes from the process what a server does not need, with the kernel's Landlock and seccomp: whoever gets it to run
/// code of theirs has one data directory and one port, and no other file, program or network.
public struct Confinement: Sendable, Equatable {
    /// Why the kernel does not confine.
    struct Unavailable: Error, Equatable {
        var reason: String

        init(code: Int32) {
            reason = String(cString: strerror(code))
        }
    }

    /// The version of Landlock that keeps the process to its files and its port.
    let files: Result<Int, Unavailable>
    /// Why seccomp does not refuse programs, connections and what else a server does not ask for; nil if it does.
    let callsAllowed: Unavailable?

    /// Confines the calling thread and all that it will start. To be called before there are others.
    ///
    /// - Parameters:
    ///   - writable: Files and folders to read and write.
    ///   - readable: Files and folders to read.
    ///   - port: The port to listen on; 0 = any that the system chooses.
    /// - Returns: what the kernel does of it.
    public static func begin(writable: [String], readable: [String], port: Int) -> Confinement {
        let all = writable.map { ($0, Int32(1)) } + (readable + system).map { ($0, Int32(0)) }
        let texts = all.map { strdup($0.0) }
        defer { for text in texts { free(text) } }
        let paths = zip(texts, all).compactMap { text, path in
            text.map { pa_allowed_path(path: $0, may_write: path.1) }
        }
        let version = pa_confine(paths, Int32(paths.count), UInt16(clamping: port))
        let refused = pa_refuse_calls()
        return Confinement(
            files: version > 0 ? .success(Int(version)) : .failure(Unavailable(code: -version)),
            callsAllowed: refused == 0 ? nil : Unavailable(code: refused)
        )
    }

    /// What the runtime reads by itself: about the process, the processors, and time zones.
    private static let system = [
        "/proc", "/sys/fs/cgroup", "/sys/devices/system/cpu", "/dev/null", "/dev/urandom", "/etc/localtime",
        "/usr/share/zoneinfo",
    ]
}

extension Confinement: CustomStringConvertible {
    public var description: String {
        let files =
            switch files {
            case .success(let version): "confined to the data directory and the port (Landlock \(version))"
            case .failure(let error): "not confined to the data directory: no Landlock (\(error.reason))"
            }
        let calls =
            callsAllowed.map { "may run programs: no seccomp (\($0.reason))" }
            ?? "may run no program and connect to nothing (seccomp)"
        return "\(files); \(calls)"
    }
}
