import Activations
import FileStore

extension DataFiles {
    /// What is wrong with what is in force, in words: that it can no longer be told, and definitions that are missing
    /// or damaged. A writer may be at work.
    func activationFaults(_ store: DiskStore) throws(UpkeepError) -> [String] {
        do throws(ActivationError) {
            let history = try ActivationHistory.read(store: store)
            return try DefinitionFiles(store: store).faults(of: history.inForce).map(\.description)
        } catch {
            guard error.isDamage else { throw UpkeepError(error) }
            return [error.description]
        }
    }
}
