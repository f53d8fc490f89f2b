import Foundation

/// Who runs the command.
enum Person {
    /// As the system knows it, or as the environment says where it does not; looked up once, as a process that has
    /// confined itself cannot ask the system any more.
    static let name: String = {
        let known = NSUserName()
        guard known.isEmpty else { return known }
        let environment = ProcessInfo.processInfo.environment
        return environment["USER"] ?? environment["LOGNAME"] ?? "unknown"
    }()

    /// Looks the name up while that can be done.
    static func remember() { _ = name }
}
