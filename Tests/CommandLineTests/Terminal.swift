import Foundation
import TestKit

extension Workspace {
    /// What a command has written to a terminal, as bytes: nothing is translated on the way.
    struct Shown {
        var status: Int32
        var out: String
        var err: String
    }

    /// Runs the executable with standard output and standard error each on a terminal of its own.
    func runOnTerminal(_ arguments: [String]) throws -> Shown {
        let (out, err) = (try PseudoTerminal(), try PseudoTerminal())
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.binary)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(fileDescriptor: out.screen)
        process.standardError = FileHandle(fileDescriptor: err.screen)
        try process.run()
        let group = DispatchGroup()
        for terminal in [out, err] {
            close(terminal.screen)
            DispatchQueue.global().async(group: group) { terminal.readToEnd() }
        }
        group.wait()
        process.waitUntilExit()
        return Shown(status: process.terminationStatus, out: out.text, err: err.text)
    }
}

/// A pseudo-terminal: what is written to its screen is read from its other end.
private final class PseudoTerminal: Sendable {
    struct Failure: Error {
        var call: String
        var code = errno
    }

    let screen: Int32
    private let control: Int32
    private let bytes = Guarded<[UInt8]>([])

    init() throws {
        var ends: (control: Int32, screen: Int32) = (-1, -1)
        guard openpty(&ends.control, &ends.screen, nil, nil, nil) == 0 else { throw Failure(call: "openpty") }
        (control, screen) = ends
        for end in [control, screen] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var mode = termios()
        guard tcgetattr(screen, &mode) == 0 else { throw Failure(call: "tcgetattr") }
        cfmakeraw(&mode)
        guard tcsetattr(screen, TCSANOW, &mode) == 0 else { throw Failure(call: "tcsetattr") }
    }

    deinit { close(control) }

    var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }

    /// Until nobody has the screen open any more.
    func readToEnd() {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(control, &buffer, buffer.count)
            if count > 0 {
                bytes.withLock { $0 += buffer[..<count] }
            } else if count == 0 || errno != EINTR {
                return
            }
        }
    }
}
