import CProcess
import Glibc

/// What keeps a server's process and its new files to their owner.
public enum ProcessPrivacy {
    /// New files are the owner's alone; no core file and no other process of the user gets at the memory, where the
    /// token is.
    ///
    /// - Throws: ``SecurityError/file(_:)`` if the system refuses.
    public static func begin() throws(SecurityError) {
        umask(0o077)
        let code = pa_keep_memory_private()
        guard code == 0 else { throw .file("cannot switch core files off: \(String(cString: strerror(code)))") }
    }
}
