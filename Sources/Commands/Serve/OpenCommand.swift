import ArgumentParser
import Base
import Console
import Foundation
import Server

/// `open`: a fresh link to the dashboard of the server that runs on a data directory.
struct OpenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "open",
        abstract: "Print a link that opens the running server's dashboard: good once, for a minute.",
        discussion: """
              patternalarm open --data-dir work
              xdg-open "$(patternalarm open --data-dir work)"
            """
    )

    @Option(help: "The data directory that the server works on.")
    var dataDir = "patternalarm-data"

    @Option(help: "Port under which the server is reached, if it is not the one it listens on.")
    var port: Int?

    func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            let found = try CommandError.running { () throws(SecurityError) in
                (try ServerNotice.running(dataDir), try AccessToken.existing(dataDir))
            }
            guard let notice = found.0, let token = found.1 else {
                throw .storage(
                    "no server runs on \(dataDir): start one with "
                        + shellWords(["patternalarm", "serve", "--data-dir", dataDir])
                )
            }
            guard var address = URLComponents(string: notice.address), let host = address.host else {
                throw .storage("\(dataDir)/server.json names no address: restart the server")
            }
            if let port { address.port = port }
            let request = LoopbackRequest(host: host, port: address.port ?? 80)
            let asked = try CommandError.running { () throws(SecurityError) in
                try request.post("/session/codes", token: token)
            }
            guard asked.status == 201 else {
                throw .storage("the server answers \(asked.status); does it run on \(dataDir)?")
            }
            let code: Code
            do {
                code = try JSONDecoder().decode(Code.self, from: asked.body)
            } catch {
                throw .storage("the server's answer is no code: \(error)")
            }
            let base = "http://\(host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host):\(address.port ?? 80)"
            Output.data("\(base)/#code=\(code.code)\n")
        }
    }

    private struct Code: Decodable {
        var code: String
    }
}
