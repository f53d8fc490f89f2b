public import Activations

/// What becomes of the detectors when other definitions come into force.
public struct DetectorChanges: Sendable, Equatable {
    public enum Kind: String, Sendable {
        case started
        /// Another one under the same name: it starts, and the one of before ends.
        case changed
        /// It keeps its open alerts.
        case kept
        case ended
    }

    public struct Change: Sendable, Equatable {
        public var detector: Activation.Detector
        public var kind: Kind
    }

    /// Those in force, in the order of the definitions that they are of, then those that have ended.
    public let all: [Change]

    /// By names and versions.
    public init(from before: [Activation.Detector], to after: [Activation.Detector]) {
        let inForce = after.map { detector in
            let known = before.first { $0.name == detector.name }
            return Change(detector: detector, kind: known.map { $0 == detector ? .kept : .changed } ?? .started)
        }
        let ended = before.filter { detector in !after.contains { $0.name == detector.name } }
        all = inForce + ended.map { Change(detector: $0, kind: .ended) }
    }

    /// The names of those of which something has become.
    public func names(_ kind: Kind) -> [String] { all.filter { $0.kind == kind }.map(\.detector.name) }

    /// In words for a person, such as `starts: burst; ends: night; 3 go on as before`.
    public var words: String {
        var parts: [String] = []
        for (verb, kind) in [("starts", Kind.started), ("changes", .changed), ("ends", .ended)] {
            let names = names(kind)
            if !names.isEmpty { parts.append("\(verb): \(names.joined(separator: ", "))") }
        }
        let kept = names(.kept).count
        if kept > 0 { parts.append("\(kept) \(kept == 1 ? "goes" : "go") on as before") }
        return parts.isEmpty ? "there are no detectors" : parts.joined(separator: "; ")
    }
}

extension ActivationHistory {
    /// An activation, and what it did to what was in force before it.
    public struct Step: Sendable, Equatable {
        public var activation: Activation
        public var changes: DetectorChanges

        /// One, with what it changed.
        public init(activation: Activation, changes: DetectorChanges) {
            self.activation = activation
            self.changes = changes
        }
    }

    /// All of them, the newest last. Behind one that begins nothing was before it.
    public var steps: [Step] {
        var before: [Activation.Detector] = []
        return all.map { activation in
            if activation.kind == .begin { before = [] }
            defer { before = activation.detectors }
            return Step(
                activation: activation,
                changes: DetectorChanges(from: before, to: activation.detectors)
            )
        }
    }
}
