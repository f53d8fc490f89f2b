import ArgumentParser
import Console
import Foundation
import Logging

/// The server's log: one line an event on standard error, with time and level, and nothing in it that a terminal would obey.
struct StandardErrorLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level

    init(level: Logger.Level) {
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { _, new in new }.sorted { $0.key < $1.key }
        var line = "\(Date().formatted(Self.time)) \(event.level) \(event.message)"
        for (key, value) in fields { line += " \(key)=\(value)" }
        Output.talk(Output.safe(line))
    }

    private static let time = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
}

/// How much is logged.
enum LogLevel: String, ExpressibleByArgument, CaseIterable {
    case trace, debug, info, notice, warning, error, critical

    var level: Logger.Level {
        switch self {
        case .trace: .trace
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        case .critical: .critical
        }
    }
}
