import Foundation
import Testing

/// A folder of its own, gone with the test.
final class TemporaryFolder {
    let path = FileManager.default.temporaryDirectory.path + "/patternalarm-store-\(UUID().uuidString)"

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            Issue.record("\(path) stays: \(error)")
        }
    }
}
