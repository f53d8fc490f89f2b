import CProcess
import Glibc

/// Takes from the process what a server does not need, with the kernel's Landlock: whoever gets it to run code of
/// theirs has one data directory and one port, and no other file, program or network.
public enum Confinement: Sendable, Equatable {
    /// As of this version of Landlock.
    case active(version: Int)
    /// The kernel cannot, for this reason.
    case unavailable(String)

    /// Confines the calling thread and all that it will start. To be called before there are others.
    ///
    /// - Parameters:
    ///   - writable: Files and folders to read and write.
    ///   - readable: Files and folders to read.
    ///   - port: The port to listen on; 0 = any that the system chooses.
    /// - Returns: whether the kernel does it.
    public static func begin(writable: [String], readable: [String], port: Int) -> Confinement {
        let all = writable.map { ($0, Int32(1)) } + (readable + system).map { ($0, Int32(0)) }
        let texts = all.map { strdup($0.0) }
        defer { for text in texts { free(text) } }
        let paths = zip(texts, all).compactMap { text, path in
            text.map { pa_allowed_path(path: $0, may_write: path.1) }
        }
        let result = pa_confine(paths, Int32(paths.count), UInt16(clamping: port))
        return result > 0 ? .active(version: Int(result)) : .unavailable(String(cString: strerror(-result)))
    }

    /// What the runtime reads by itself: about the process, the processors, and time zones.
    private static let system = [
        "/proc", "/sys/fs/cgroup", "/sys/devices/system/cpu", "/dev/null", "/dev/urandom", "/etc/localtime",
        "/usr/share/zoneinfo",
    ]
}

extension Confinement: CustomStringConvertible {
    public var description: String {
        switch self {
        case .active(let version): "confined to the data directory and the port (Landlock \(version))"
        case .unavailable(let reason): "not confined: no Landlock (\(reason))"
        }
    }
}
