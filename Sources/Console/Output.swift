import Base
import Foundation

/// Standard output is data, standard error is talk. Both go through here, so that nothing reaches a terminal that it
/// would obey; into a file or a pipe, data goes as it is.
public enum Output {
    /// Writes data; a reader that has gone away ends the program quietly, as `head` expects.
    ///
    /// - Parameters:
    ///   - text: Whole characters: what is split between two calls is not recognized on a terminal.
    ///   - escape: How a terminal is shown what it must not obey.
    public static func data(_ text: String, _ escape: TerminalText.Escape = .visible) {
        data(Array(text.utf8), escape)
    }

    /// Writes data to standard output: as it is, but for a terminal, which is kept safe from it.
    public static func data(_ bytes: [UInt8], _ escape: TerminalText.Escape = .visible) {
        guard isTerminal else { return write(bytes, to: 1) }
        let text = String(decoding: bytes, as: UTF8.self)
        write(Array(TerminalText.escaped(text, escape, keepingLines: true).utf8), to: 1)
    }

    /// Adds an event as it came to data, as a line: byte for byte, unless a terminal would be shown it.
    public static func append(event: ArraySlice<UInt8>, to data: inout [UInt8]) {
        data.append(contentsOf: isTerminal ? TerminalText.event(event)[...] : event)
        data.append(0x0A)
    }

    /// A text of an event or a file for a line of data: as it is, unless a terminal would be shown it.
    public static func cell(_ text: String) -> String { isTerminal ? safe(text) : text }

    /// Writes a line for people to standard error.
    public static func talk(_ text: String) {
        let shown = errorIsTerminal ? TerminalText.escaped(text, keepingLines: true) : text
        write(Array((shown + "\n").utf8), to: 2)
    }

    /// Overwrites the current line of a terminal.
    public static func progressLine(_ text: String) {
        write(Array(("\r\u{1B}[K" + safe(text)).utf8), to: 2)
    }

    public static let isTerminal = isatty(1) == 1
    public static let errorIsTerminal = isatty(2) == 1

    /// A text for people, wherever it goes: on one line, and nothing in it that a terminal would obey.
    public static func safe(_ text: String) -> String { TerminalText.escaped(text) }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var position = 0
        while position < bytes.count {
            let written = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress.map { $0 + position }, buffer.count - position)
            }
            if written > 0 {
                position += written
            } else if written < 0, errno == EINTR {
                continue
            } else {
                // Standard output closed (a pipe into head), or full: nothing more can be told there.
                let code = errno
                guard descriptor == 1, code != EPIPE else { exit(ExitStatus.fine.rawValue) }
                talk("cannot write to standard output: \(String(cString: strerror(code))); what came out is not all")
                exit(ExitStatus.storage.rawValue)
            }
        }
    }
}

/// What the program's exit codes mean.
public enum ExitStatus: Int32 {
    case fine = 0
    /// The asked-for finding: differs, gate not met.
    case finding = 1
    case usage = 2
    case badPlan = 3
    case badInput = 4
    case storage = 5
    case inUse = 6
    case damaged = 7
    case interrupted = 130
}

/// Says how far a long job is: a bar that rewrites itself on a terminal, else a plain line every ten seconds.
public final class ProgressBar {
    private let what: String
    private let start = ContinuousClock.now
    private var lastShown = ContinuousClock.now
    private let isTerminal = Output.errorIsTerminal
    private var hasShown = false
    private let isQuiet: Bool

    public init(_ what: String, isQuiet: Bool = false) {
        self.what = what
        self.isQuiet = isQuiet
    }

    public var seconds: Double {
        let elapsed = start.duration(to: .now).components
        return Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
    }

    /// The fraction is 0…1, or nil when the end is not known.
    public func update(_ detail: @autoclosure () -> String, fraction: Double?) {
        guard !isQuiet else { return }
        let now = ContinuousClock.now
        guard lastShown.duration(to: now) >= (isTerminal ? .milliseconds(100) : .seconds(10)) else { return }
        lastShown = now
        hasShown = true
        let share = fraction.map { " \(Int($0 * 100)) %" } ?? ""
        if isTerminal {
            let width = 24
            let filled = Int((fraction ?? 0) * Double(width))
            let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
            Output.progressLine("\(what) \(fraction == nil ? "" : "[\(bar)]")\(share) \(detail())")
        } else {
            Output.talk("\(what):\(share) \(detail())")
        }
    }

    /// Takes the line away, if one was shown.
    public func finish() {
        if isTerminal, hasShown { Output.progressLine("") }
    }
}
