import Foundation

/// Standard output is data, standard error is talk.
enum Output {
    /// Writes data; a reader that has gone away ends the program quietly, as `head` expects.
    static func data(_ text: String) {
        write(Array(text.utf8), to: 1)
    }

    static func data(_ bytes: [UInt8]) {
        write(bytes, to: 1)
    }

    static func talk(_ text: String) {
        write(Array((text + "\n").utf8), to: 2)
    }

    /// Overwrites the current line of a terminal.
    static func progressLine(_ text: String) {
        write(Array(("\r\u{1B}[K" + text).utf8), to: 2)
    }

    static var errorIsTerminal: Bool { isatty(2) == 1 }

    /// Text from events is never trusted: control characters would reach the terminal as commands.
    static func safe(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var out = ""
        for scalar in text.unicodeScalars {
            if isControl(scalar) {
                out += String(format: "\\u{%x}", scalar.value)
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        let value = scalar.value
        let reordersText = (0x202A...0x202E).contains(value) || (0x2066...0x2069).contains(value)
        return value < 0x20 || (0x7F...0x9F).contains(value) || reordersText
    }

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
enum ExitStatus: Int32 {
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
final class Progress {
    private let what: String
    private let start = ContinuousClock.now
    private var lastShown = ContinuousClock.now
    private let isTerminal = Output.errorIsTerminal
    private var hasShown = false
    private let isQuiet: Bool

    init(_ what: String, isQuiet: Bool = false) {
        self.what = what
        self.isQuiet = isQuiet
    }

    var seconds: Double {
        let elapsed = start.duration(to: .now).components
        return Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
    }

    /// The fraction is 0…1, or nil when the end is not known.
    func update(_ detail: @autoclosure () -> String, fraction: Double?) {
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

    func finish() {
        if isTerminal, hasShown { Output.progressLine("") }
    }
}
