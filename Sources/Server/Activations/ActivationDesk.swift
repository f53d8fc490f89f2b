import Activations
import FileStore
import Foundation
import HTTPTypes
import InForce
import Logging
import PipelineFiles
import Plan
import Runtime
import Synchronization

/// Puts in force what requests ask for: one at a time, on a thread of its own, as it may have days of events to read.
final class ActivationDesk: Sendable {
    private let engine: LiveEngine
    private let logger: Logger
    private let isBusy = Mutex(false)

    /// Pipelines nest, and so does what reads them.
    private static let stackBytes = 8 << 20

    init(_ engine: LiveEngine, logger: Logger) {
        self.engine = engine
        self.logger = logger
    }

    /// Checks everything, puts it in force, and returns when it is.
    ///
    /// - Throws: ``Problem``; what was in force still is.
    func activate(_ request: ActivationRequest) async throws -> ActivationOutcome {
        let isFree = isBusy.withLock { isBusy in
            defer { isBusy = true }
            return !isBusy
        }
        guard isFree else { throw Self.busy }
        let result = await withCheckedContinuation { continuation in
            let thread = Thread { [self] in
                let result: Result<ActivationOutcome, Problem>
                do throws(Problem) { result = .success(try run(request)) } catch { result = .failure(error) }
                isBusy.withLock { $0 = false }
                continuation.resume(returning: result)
            }
            thread.name = "activation"
            thread.stackSize = Self.stackBytes
            thread.start()
        }
        return try result.get()
    }

    private func run(_ request: ActivationRequest) throws(Problem) -> ActivationOutcome {
        let definitions: LoadedDefinitions
        if let number = request.rollback { definitions = try past(number) } else { definitions = try named(request) }
        let note = ActivationNote(
            author: request.author ?? "api",
            words: request.note ?? request.rollback.map { "rollback to \($0)" } ?? "",
            atMilliseconds: Int64(Date().timeIntervalSince1970 * 1000)
        )
        do throws(LiveActivationError) { return try engine.activate(definitions, note) } catch {
            throw problem(error)
        }
    }

    /// What an activation of the past has put in force.
    private func past(_ number: Int) throws(Problem) -> LoadedDefinitions {
        let history: ActivationHistory
        do throws(RuntimeError) { history = try engine.activations() } catch { throw problem(.refused(error)) }
        guard let activation = history.all.first(where: { $0.number == number }) else {
            throw Self.unprocessable("/rollback", "there is no activation \(number)")
        }
        do throws(RuntimeError) {
            return try DefinitionShelf(engine.store, StoredDefinitions()).definitions(of: activation)
        } catch {
            throw Self.unprocessable("/rollback", "cannot be in force again: \(error)")
        }
    }

    /// What a request brings or names; what it does not is as it is in force.
    private func named(_ request: ActivationRequest) throws(Problem) -> LoadedDefinitions {
        let inForce = engine.definitions.value
        var named = NamedDefinitions()
        for (name, hash) in request.models { named.modelFiles[name] = try model(hash, name) }
        let text = request.pipeline.map { Array($0.utf8) } ?? inForce.file
        let definitions: LoadedDefinitions
        do throws(NamingError) { definitions = try named.load(text, place: "the pipeline", inForce) } catch {
            throw Self.problem(error, isPlain: request.isPlain)
        }
        let unused = request.models.keys.filter { definitions.modelFiles[$0] == nil }.sorted()
        guard unused.isEmpty else {
            let items = unused.map { Problem.Item(pointer: Self.pointer(model: $0), detail: "no detector asks for it") }
            throw Problem(.unprocessableContent, errors: items)
        }
        return definitions
    }

    private func model(_ hash: String, _ name: String) throws(Problem) -> [UInt8] {
        do throws(ActivationError) { return try DefinitionFiles(store: engine.store).model(hash) } catch {
            throw Self.unprocessable(Self.pointer(model: name), error.description)
        }
    }

    // MARK: - What is wrong

    /// Mistakes of a pipeline that an answer lists.
    private static let mistakesMax = 200

    private static func problem(_ error: NamingError, isPlain: Bool) -> Problem {
        guard case .pipeline(.wrong(let mistakes)) = error else {
            return Problem(.unprocessableContent, error.description)
        }
        let items = mistakes.prefix(mistakesMax).map { mistake in
            Problem.Item(
                pointer: isPlain ? nil : "/pipeline",
                line: mistake.position.line,
                column: mistake.position.column,
                detail: mistake.words
            )
        }
        let count = mistakes.count == 1 ? "a mistake" : "\(mistakes.count) mistakes"
        let rest = mistakes.count > mistakesMax ? ", the first \(mistakesMax) are listed" : ""
        return Problem(.unprocessableContent, "the pipeline has \(count)\(rest)", errors: Array(items))
    }

    private func problem(_ error: LiveActivationError) -> Problem {
        switch error {
        case .busy: return Self.busy
        case .stopping: return Problem(.serviceUnavailable, error.description, headers: [.retryAfter: "5"])
        case .refused(.plan(let words)): return Problem(.unprocessableContent, words)
        case .refused(let cause):
            logger.error("nothing was put in force: \(cause)")
            let words =
                "the disk does not do what it should, and nothing was put in force; the program's own output says why"
            guard case .noRoom = cause else { return Problem(.internalServerError, words) }
            return Problem(.serviceUnavailable, words, headers: [.retryAfter: "5"])
        }
    }

    private static let busy = Problem(.conflict, LiveActivationError.busy.description)

    private static func pointer(model: String) -> String { "/models/" + RequestBody.escaped(model) }

    private static func unprocessable(_ pointer: String, _ detail: String) -> Problem {
        Problem(.unprocessableContent, errors: [.init(pointer: pointer, detail: detail)])
    }
}
