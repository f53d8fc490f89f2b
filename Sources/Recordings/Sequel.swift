import Engine
import Foundation
import Plan

/// What a run reads behind a recording: who speaks there decides what the recording's end leaves open, as if both were
/// one.
///
/// It is read for that alone, and again when its turn comes: so only files are looked at, no pipes.
public final class Sequel {
    private var paths: ArraySlice<String>
    private let open: (String) throws(RecordingError) -> Recording
    private var recording: Recording?

    /// - Parameters:
    ///   - paths: What the run reads behind the recording.
    ///   - path: The recording: it does not speak twice.
    ///   - open: Opens one where the run is going to read it from.
    public init(
        _ paths: some Sequence<String>,
        behind path: String,
        open: @escaping (String) throws(RecordingError) -> Recording
    ) {
        let own = Self.standardized(path)
        self.paths = paths.filter { Self.standardized($0) != own }[...]
        self.open = open
    }

    /// However a path is spelled.
    private static func standardized(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }

    /// The next chunk, decoded; nil if there is none, or what comes cannot be read: that is said when its turn comes.
    public func next(_ chunk: Chunk) -> Chunk? {
        while true {
            do throws(RecordingError) {
                if let recording, try recording.read(into: chunk) { return chunk }
                guard let path = paths.popFirst(), FileSource.isFile(path) else { return nil }
                recording = try open(path)
                recording?.saysNothing = true
            } catch {
                paths.removeAll()
                recording = nil
            }
        }
    }
}
