import ArgumentParser
public import Console
import Glibc
public import Server

/// Who may reach the server, and how it is called.
struct AccessOptions: ParsableArguments {
    @Option(help: "Address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "Port to listen on; 0 = any that is free.")
    var port = 8420

    @Flag(help: "Allow a --host that other machines can reach. The server speaks clear text: put TLS in front of it.")
    var allowRemote = false

    @Option(
        name: .customLong("allowed-host"),
        help: "A name the server may also be called by, such as a proxy's; repeatable."
    )
    var allowedHosts: [String] = []

    @Flag(
        help: """
            Let the process use files outside the data directory, and run and connect to what it likes, which the \
            kernel otherwise forbids it: for a data directory whose parts are links to other places.
            """
    )
    var noSandbox = false

    var server: ServerOptions {
        var options = ServerOptions()
        options.host = host
        options.port = port
        options.allowsRemote = allowRemote
        return options
    }
}

extension SecurityError: CommandFailure {
    public var commandError: CommandError {
        if case .usage = self { .usage(description) } else { .storage(description) }
    }
}
