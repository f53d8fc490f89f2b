import Console
import Foundation

/// `patternalarm serve` as a process of its own, over a new data directory.
final class MeasuredServer {
    let directory: String
    let port: UInt16
    let token: String
    private let process = Process()

    init(directory: String) throws(CommandError) {
        self.directory = directory
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["serve", "--data-dir", directory, "--port", "0"]
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch { throw .storage("cannot start the server: \(error.localizedDescription)") }
        var line = ""
        while !line.hasSuffix("\n") {
            let bytes = output.fileHandleForReading.readData(ofLength: 1)
            guard !bytes.isEmpty else { throw .storage("the server ended before it listened") }
            line += String(decoding: bytes, as: UTF8.self)
        }
        guard let port = UInt16(line.trimmingCharacters(in: .newlines).split(separator: ":").last ?? "") else {
            throw .storage("the server said \"\(line)\" instead of its port")
        }
        self.port = port
        do {
            token = try String(contentsOfFile: directory + "/token", encoding: .utf8)
                .trimmingCharacters(in: .whitespacesAndNewlines)
        } catch {
            throw .storage("cannot read the server's token: \(error.localizedDescription)")
        }
    }

    /// Ends it as a person would. Returns its exit code.
    func stop() -> Int32 {
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
