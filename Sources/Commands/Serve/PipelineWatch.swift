import Base
import Console
import InForce
import Runtime

/// `serve --watch`: a pipeline file that is written anew is checked, then put in force. A broken one changes nothing.
struct PipelineWatch {
    private let watch: FileWatch

    /// - Parameters:
    ///   - named: Whose pipeline is a file.
    ///   - dataDir: The directory that the server has open.
    ///   - engine: What takes events.
    /// - Throws: ``CommandError`` if the file cannot be watched.
    init(_ named: NamedDefinitions, dataDir: String, _ engine: LiveEngine) throws(CommandError) {
        guard let path = named.pipeline else { preconditionFailure("What is watched is named.") }
        do throws(FileWatch.Failure) {
            watch = try FileWatch(path) {
                do throws(CommandError) {
                    try Self.follow(named, path, dataDir: dataDir, engine)
                    engine.noteWatchFailure(nil)
                } catch {
                    let words = "\(path) has changed, and what was in force still is:\n\(error)"
                    Output.talk(words)
                    engine.noteWatchFailure(words)
                }
            }
        } catch {
            throw .storage(error.description)
        }
    }

    private static func follow(
        _ named: NamedDefinitions,
        _ path: String,
        dataDir: String,
        _ engine: LiveEngine
    ) throws(CommandError) {
        let definitions = try CommandError.running { () throws(NamingError) in try named.load(over: dataDir) }
        do throws(LiveActivationError) {
            let outcome = try engine.activate(definitions, ActivationNote("\(path) has changed"), waits: true)
            if outcome.isNew { Output.talk(outcome.words) }
        } catch {
            guard case .refused(let error) = error else { throw .storage(error.description) }
            throw CommandError(error)
        }
    }

    func stop() { watch.stop() }
}
