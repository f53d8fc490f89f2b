public import Activations

/// What becomes of the detectors when other definitions come into force.
public struct DetectorChanges: Sendable, Equatable {
    /// Names, in the order of the definitions that they are of.
    public private(set) var started: [String] = []
    /// Others under the same name: they start, and the ones of before end.
    public private(set) var changed: [String] = []
    /// They keep their open alerts.
    public private(set) var kept: [String] = []
    public private(set) var ended: [String] = []

    /// By names and versions.
    public init(from before: [Activation.Detector], to after: [Activation.Detector]) {
        for detector in after {
            let known = before.first { $0.name == detector.name }
            switch known {
            case nil: started.append(detector.name)
            case let known? where known == detector: kept.append(detector.name)
            default: changed.append(detector.name)
            }
        }
        ended = before.map(\.name).filter { name in !after.contains { $0.name == name } }
    }

    /// In words for a person, such as `starts: burst; ends: night; 3 go on`.
    public var words: String {
        var parts: [String] = []
        for (verb, names) in [("starts", started), ("changes", changed), ("ends", ended)] where !names.isEmpty {
            parts.append("\(verb): \(names.joined(separator: ", "))")
        }
        if !kept.isEmpty { parts.append("\(kept.count) \(kept.count == 1 ? "goes" : "go") on as before") }
        return parts.isEmpty ? "there are no detectors" : parts.joined(separator: "; ")
    }
}
