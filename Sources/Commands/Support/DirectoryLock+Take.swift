import FileStore

extension DirectoryLock {
    /// Takes the right to write to a data directory, which must exist.
    ///
    /// - Throws: ``CommandError/inUse(_:)`` naming the process that has it, or ``CommandError/storage(_:)``.
    static func take(_ directory: String) throws(CommandError) -> DirectoryLock {
        do throws(Failure) {
            return try DirectoryLock(directory)
        } catch {
            if case .heldBy = error { throw .inUse(error.description) }
            throw .storage(error.description)
        }
    }
}
