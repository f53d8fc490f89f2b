import Foundation
import Testing

/// A folder of its own in which a test runs the built executable, as a user runs it; gone with the test.
final class Workspace {
    let folder = FileManager.default.temporaryDirectory.path + "/patternalarm-ws-\(UUID().uuidString)"
    private var runs = 0

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: folder)
        } catch {
            Issue.record("\(folder) stays: \(error)")
        }
    }

    struct Result {
        var status: Int32
        var output: Data
        var err: String

        var out: String { String(decoding: output, as: UTF8.self) }
        var lines: [String] { out.split(separator: "\n").map(String.init) }

        /// Of the replay's last line; nil if it did not get there.
        var digest: String? {
            guard let range = err.range(of: "digest ") else { return nil }
            return String(err[range.upperBound...].prefix(64))
        }
    }

    /// Named by the environment, else what the package build has put beside the tests.
    static let binary: String = {
        if let named = ProcessInfo.processInfo.environment["PATTERNALARM_BINARY"] { return named }
        return Bundle.main.bundlePath + "/patternalarm"
    }()

    /// Runs the executable; `under` is a command that runs it, such as strace with its options.
    @discardableResult
    func run(_ arguments: [String], under: [String] = [], input: Data = Data()) throws -> Result {
        try execute(under + [Self.binary] + arguments, input: input)
    }

    /// Runs the executable, and stops it where it first opens a file by that name; it goes on when the body has returned.
    func run(_ arguments: [String], stoppedAt file: String, _ body: () throws -> Void) throws -> Result {
        runs += 1
        let (out, err, trace) = ("stdout-\(runs)", "stderr-\(runs)", "trace-\(runs)")
        try script("mkfifo \(trace)")
        let stop = ["-P", file, "-e", "trace=openat", "-e", "inject=openat:signal=SIGSTOP:when=1"]
        let process = try start(["strace", "-f", "-o", trace] + stop + [Self.binary] + arguments, out: out, err: err)
        let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path(trace)))
        var told = ""
        while !told.contains("--- stopped by SIGSTOP ---"), case let part = handle.availableData, !part.isEmpty {
            told += String(decoding: part, as: UTF8.self)
        }
        let line = told.split(separator: "\n").last { $0.contains("--- stopped by SIGSTOP ---") }
        let number = line?.split(separator: " ").first.flatMap { Int32($0) }
        if let number {
            defer { kill(number, SIGCONT) }
            try body()
        }
        _ = try handle.readToEnd()
        process.waitUntilExit()
        try #require(number != nil, "it has opened no \(file)")
        return Result(
            status: process.terminationStatus,
            output: try read(out),
            err: String(decoding: try read(err), as: UTF8.self)
        )
    }

    /// Runs a shell script, in which `"$0"` is the executable.
    @discardableResult
    func script(_ text: String, under: [String] = []) throws -> Result {
        try execute(under + ["bash", "-c", text, Self.binary])
    }

    @discardableResult
    func execute(_ command: [String], input: Data = Data()) throws -> Result {
        runs += 1
        let (out, err) = ("stdout-\(runs)", "stderr-\(runs)")
        let process = try start(command, input: input, out: out, err: err)
        process.waitUntilExit()
        // A signal is no exit code: told apart as shells do.
        let signal: Int32 = process.terminationReason == .uncaughtSignal ? 128 : 0
        return Result(
            status: process.terminationStatus + signal,
            output: try read(out),
            err: String(decoding: try read(err), as: UTF8.self)
        )
    }

    /// Starts a command whose standard input is the data, or the pipe.
    func start(_ command: [String], input: Data = Data(), pipe: Pipe? = nil, out: String, err: String) throws -> Process
    {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardOutput = try handle(out)
        process.standardError = try handle(err)
        if let pipe {
            process.standardInput = pipe
        } else {
            try write(input, "stdin")
            process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: path("stdin")))
        }
        try process.run()
        return process
    }

    private func handle(_ name: String) throws -> FileHandle {
        try write(Data(), name)
        return try FileHandle(forWritingTo: URL(fileURLWithPath: path(name)))
    }

    func path(_ name: String) -> String { folder + "/" + name }

    func write(_ data: Data, _ name: String) throws { try data.write(to: URL(fileURLWithPath: path(name))) }

    func write(_ text: String, _ name: String) throws { try write(Data(text.utf8), name) }

    func read(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path(name))) }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path(name)) }

    func copy(_ name: String, to target: String) throws {
        try FileManager.default.copyItem(atPath: path(name), toPath: path(target))
    }

    /// Changes one byte of a file.
    func flip(_ name: String, at position: Int) throws {
        var data = try read(name)
        data[data.startIndex + position] ^= 4
        try write(data, name)
    }

    /// A pipeline of payments; with a rule unless others are given: three payments over 2000 by one payer.
    func writePaymentsPipeline(
        _ name: String = "p.yaml",
        settings: [String] = [],
        features: [String] = ["n: \"count(who, 5m, amount > 2000)\""],
        rules: [String] = ["{name: burst, when: \"n >= 3\", session: 1h}"]
    ) throws {
        let head = """
            version: 1
            name: payments
            schema:
              fields:
                id: {type: text, role: id}
                at: {type: time, role: time}
                payer: {type: text, required: true}
                amount: {type: number, role: amount}
            entities: {who: payer}
            """
        let lines =
            [head] + settings + ["features:"] + features.map { "  " + $0 } + ["detectors:"]
            + rules.map { "  - " + $0 }
        try write(lines.joined(separator: "\n") + "\n", name)
    }
}
