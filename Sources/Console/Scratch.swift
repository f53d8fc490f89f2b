import FileStore
import Foundation

/// Folders that are made for a moment.
public enum Scratch {
    /// A new folder in the system's place for such ones.
    public static func make(_ purpose: String) throws(CommandError) -> String {
        let folder = FileManager.default.temporaryDirectory.path + "/patternalarm-\(purpose)-\(UUID().uuidString)"
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw .storage("cannot make the folder \(folder): \(error.localizedDescription)")
        }
        return folder
    }

    /// Gives a folder that is whole its name, durably.
    public static func rename(_ draft: String, to folder: String) throws(CommandError) {
        guard Glibc.rename(draft, folder) == 0 else {
            throw .storage("cannot rename \(draft) to \(folder): \(String(cString: strerror(errno)))")
        }
        do throws(FileError) { try DiskStore(root: parentDirectory(of: folder)).syncDirectory("") } catch {
            throw .storage(error.description)
        }
    }

    /// Removes a folder with all that is in it; says so if that cannot be done.
    public static func remove(_ folder: String) {
        do { try FileManager.default.removeItem(atPath: folder) } catch {
            Output.talk("cannot remove \(folder): \(error.localizedDescription)")
        }
    }
}
