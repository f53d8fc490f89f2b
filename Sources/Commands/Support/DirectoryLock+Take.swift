import Console
import FileStore
import Runtime

extension DirectoryLock {
    /// Takes the right to write to a data directory, which must exist.
    ///
    /// - Throws: ``CommandError/inUse(_:)`` naming the process that has it, ``CommandError/damaged(_:)`` if the lock is no
    ///   file, or ``CommandError/storage(_:)``.
    static func take(_ directory: String) throws(CommandError) -> DirectoryLock {
        do throws(Failure) {
            return try DirectoryLock(directory)
        } catch {
            throw CommandError(RuntimeError(error))
        }
    }
}
