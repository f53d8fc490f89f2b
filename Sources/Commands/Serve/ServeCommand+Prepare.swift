import Console
import FileStore
import Foundation
import Glibc
import Server

extension ServeCommand: PreparedCommand {
    /// Gives up what the server does not need, before anything is read that others have written.
    mutating func prepare() throws {
        Person.remember()
        let confinement = try CommandError.ending { () throws(CommandError) in
            try CommandError.running { () throws(SecurityError) in
                try access.server.check()
                try ProcessPrivacy.begin()
                try AccessToken.checkDirectory(dataDir)
            }
            ServerProcess.raiseDescriptors()
            ServerProcess.giveBackMemory()
            // A rule can only be made for what is there.
            do throws(FileError) { try DiskStore(root: dataDir).createDirectory("") } catch {
                throw .storage(error.description)
            }
            return access.noSandbox ? nil : confined()
        }
        self.confinement = confinement
    }

    private func confined() -> Confinement {
        // Large sorts of the alerts file: the system's folders for such files are out of reach.
        setenv("SQLITE_TMPDIR", dataDir, 1)
        let writable = [dataDir] + [storage.alerts].compactMap { $0.map(parentDirectory) }
        let readable = [planning.pipeline.map(parentDirectory), planning.model].compactMap { $0 }
        return Confinement.begin(writable: writable, readable: readable, port: access.port)
    }
}
