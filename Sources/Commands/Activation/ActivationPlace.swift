import Activations
import Console
import FileStore
import Foundation
import InForce
import Runtime
import Server

/// A data directory in which something is put in force: by the server that has it open, or at rest.
struct ActivationPlace {
    private let dataDir: String
    private let options: DataDirectory.Options
    private let isQuiet: Bool

    init(_ dataDir: String, _ options: DataDirectory.Options, isQuiet: Bool) {
        (self.dataDir, self.options, self.isQuiet) = (dataDir, options, isQuiet)
    }

    /// Puts definitions in force behind the last event, and says what that does.
    ///
    /// - Returns: All activations.
    func activate(_ definitions: LoadedDefinitions, note: String) throws(CommandError) -> ActivationHistory {
        let history = try history()
        if let current = history.current, definitions.isSame(as: current) {
            Output.talk("nothing new: activation \(current.number) has put it in force already")
            return history
        }
        guard history.current != nil else {
            throw .usage(
                "\(dataDir) does not know yet what is in force, as an earlier version has written it: run `patternalarm replay "
                    + "--resume` with the pipeline and model that it was made with, then activate"
            )
        }
        let running = try CommandError.running { () throws(SecurityError) in try ServerNotice.running(dataDir) }
        if let running {
            Output.talk(try ask(running, definitions, note: note))
        } else {
            try activateAtRest(definitions, note: note)
        }
        return try self.history()
    }

    /// All activations of the directory.
    func history() throws(CommandError) -> ActivationHistory {
        let store = try DataPlace.store(of: dataDir)
        return try CommandError.running { () throws(ActivationError) in try ActivationHistory.read(store: store) }
    }

    private func activateAtRest(_ definitions: LoadedDefinitions, note: String) throws(CommandError) {
        let directory = try DataDirectory.open(
            dataDir,
            options: options,
            definitions: definitions,
            change: .activate(ActivationNote(note)),
            command: "activate",
            isQuiet: isQuiet
        )
        for note in directory.notes { Output.talk(note) }
        _ = try directory.finish(status: "finished", inputs: [])
    }

    /// The server has the pipeline from the request; models are kept where it finds them, by their hashes.
    private func ask(
        _ server: ServerNotice,
        _ definitions: LoadedDefinitions,
        note: String
    ) throws(CommandError) -> String {
        let store = DiskStore(root: dataDir)
        let token = try CommandError.running { () throws(SecurityError) in try AccessToken.existing(dataDir) }
        guard let token else { throw .storage("\(dataDir)/token is not there: restart the server") }
        try CommandError.running { () throws(ActivationError) in
            for model in definitions.modelFiles.values { _ = try DefinitionFiles(store: store).keep(model: model) }
        }
        let request = ActivationRequest(
            pipeline: String(decoding: definitions.file, as: UTF8.self),
            models: definitions.modelHashes,
            author: Person.name,
            note: note
        )
        let answer = try CommandError.running { () throws(SecurityError) in
            try LoopbackRequest(to: server).post("/activations", token: token, json: request.encoded, patience: 600)
        }
        let words = ActivationRequest.words(of: answer.body)
        switch answer.status {
        case 200, 201: return words
        case 422: throw .plan(words)
        case 409: throw .usage(words)
        default: throw .storage("the server answers \(answer.status): \(words)")
        }
    }
}
