/// What is in force from some offsets of the events on: one record of the topic `__activations` (C11).
///
/// Pipelines and models are named by the hashes of their files, which ``DefinitionFiles`` keeps; a hash is 64
/// lower-case hexadecimal digits.
public struct Activation: Sendable, Equatable {
    public enum Kind: String, Sendable {
        /// Holds as if it had always been in force, from the log's start: what was before it is history only.
        case begin
        /// Holds from ``Activation/offsets`` on.
        case activate
    }

    /// A detector, and what becomes of what it finds.
    public struct Detector: Sendable, Equatable {
        public enum Mode: String, Sendable {
            /// Its alerts are for people.
            case active
            /// It is computed and kept apart, to be looked at before it counts.
            case shadow
            /// It is defined, and not computed.
            case off
        }

        public var name: String
        public var version: String
        public var mode: Mode
        /// The id of the model that it asks; nil if it asks none.
        public var model: String?

        public init(name: String, version: String, mode: Mode, model: String? = nil) {
            self.name = name
            self.version = version
            self.mode = mode
            self.model = model
        }
    }

    /// 1, 2, ... without gaps.
    public var number: Int
    public var kind: Kind
    /// By the wall clock, in milliseconds since 1970: for people, no result depends on it.
    public var atMilliseconds: Int64
    public var author: String
    public var note: String
    /// The pipeline's name.
    public var pipeline: String
    /// The hash of the pipeline's stored file.
    public var pipelineFile: String
    /// The hash of what the pipeline means.
    public var pipelineIdentity: String
    /// By the models' names, the hashes of their stored files.
    public var models: [String: String]
    /// By partition, the offset of the first event that is judged under it. A partition that is not named had no event.
    public var offsets: [Int: Int64]
    public var detectors: [Detector]

    /// A record that has not been checked: ``ActivationTopic/append(_:)`` does that.
    public init(
        number: Int,
        kind: Kind,
        atMilliseconds: Int64,
        author: String,
        note: String,
        pipeline: String,
        pipelineFile: String,
        pipelineIdentity: String,
        models: [String: String],
        offsets: [Int: Int64],
        detectors: [Detector]
    ) {
        self.number = number
        self.kind = kind
        self.atMilliseconds = atMilliseconds
        self.author = author
        self.note = note
        self.pipeline = pipeline
        self.pipelineFile = pipelineFile
        self.pipelineIdentity = pipelineIdentity
        self.models = models
        self.offsets = offsets
        self.detectors = detectors
    }

    /// Whether a text is a hash as records and the names of stored files have them.
    public static func isHash(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
