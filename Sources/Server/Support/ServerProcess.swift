import CProcess
import Glibc

/// What a server needs of its process.
public enum ServerProcess {
    /// Connections, segments and the alerts file together.
    private static let descriptorsWanted: rlim_t = 1024

    /// Takes as many descriptors as are wanted, or as the system allows; the server takes fewer connections then.
    public static func raiseDescriptors() {
        var limit = rlimit()
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(kind, &limit) == 0, limit.rlim_cur < descriptorsWanted else { return }
        limit.rlim_cur = min(limit.rlim_max, descriptorsWanted)
        // A refusal leaves the limit as it is.
        _ = setrlimit(kind, &limit)
    }

    /// From this size on a block of memory is a large body, or part of a table that grows.
    private static let largeBlock: Int32 = 1 << 20

    /// Bodies of many megabytes come and go: what they took is the system's again as soon as they are gone.
    public static func giveBackMemory() {
        // A refusal costs memory only.
        _ = pa_give_back_from(largeBlock)
    }
}
