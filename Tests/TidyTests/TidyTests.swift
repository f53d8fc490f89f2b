import Foundation
import TestKit
import Testing

/// What keeps the sources as they are meant to be, read from the sources themselves.
@Suite struct TidyTests {
    private static let root = Manifest.root

    /// Swift files below a folder: path and lines.
    static func files(_ folder: String) throws -> [(path: String, lines: [Substring])] {
        let all = FileManager.default.enumerator(atPath: root + "/" + folder)?.compactMap { $0 as? String } ?? []
        return try all.filter { $0.hasSuffix(".swift") }.sorted().map { path in
            let text = try String(contentsOfFile: "\(root)/\(folder)/\(path)", encoding: .utf8)
            return ("\(folder)/\(path)", text.split(separator: "\n", omittingEmptySubsequences: false))
        }
    }

    @Test func filesAreOfOneSubject() throws {
        for file in try Self.files("Sources") {
            #expect(file.lines.count <= 500, "\(file.path) has \(file.lines.count) lines")
        }
    }

    /// Seventy lines are what a screen shows.
    @Test func functionsFitAScreen() throws {
        for file in try Self.files("Sources") {
            for function in Self.functions(in: file.lines) {
                #expect(
                    function.count <= 70,
                    "\(file.path):\(function.lowerBound + 1) is \(function.count) lines long"
                )
            }
        }
    }

    /// The lines of each function with a body, its declaration included, on however many lines that is.
    static func functions(in lines: [Substring]) -> [Range<Int>] {
        let words = /( *)(?:@?\w+(?:\([^)]*\))? )*(?:func |init[?]?[<(]|deinit|subscript).*/
        var found: [Range<Int>] = []
        for (number, line) in lines.enumerated() {
            // Most lines need no closer look, which takes its time.
            guard ["func ", "init", "subscript"].contains(where: { line.contains($0) }), !line.hasSuffix("}"),
                let match = line.wholeMatch(of: words)
            else { continue }
            // What stands as far left as its first line goes on with the declaration, or is the end.
            let margin = String(match.output.1)
            let further = [" ", ")", "where "].map { margin + $0 }
            let next = lines[(number + 1)...].firstIndex { line in
                !line.isEmpty && !further.contains(where: { line.hasPrefix($0) })
            }
            if let next, lines[next].hasPrefix(margin + "}") { found.append(number..<next + 1) }
        }
        return found
    }

    @Test func functionsAreMeasuredWhole() {
        let source = """
            struct A {
                private let x = B(
                    y: 1
                )
                init(
                    x: Int
                ) throws(E) {
                    self.x = x

                }
                func small() { 1 }
                @inline(__always)
                public func a<T>() -> Int
                where T: P {
                }
                deinit {
                }
                subscript(index: Int) -> Int {
                    get { 1 }
                }
            }
            protocol P {
                func b(
                    c: Int
                )
                func d()
            }
            """
        let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(Self.functions(in: lines) == [4..<10, 12..<15, 15..<17, 17..<20])
    }

    /// The formatter breaks code, not comments.
    @Test func commentsAreNoWiderThanCode() throws {
        for file in try Self.files("Sources") {
            let limit = file.path.hasPrefix("Sources/Commands/") ? 128 : 120
            for (number, line) in file.lines.enumerated() where line.count > limit {
                #expect(line.firstMatch(of: #/^\s*\/\//#) == nil, "\(file.path):\(number + 1) is \(line.count) wide")
            }
        }
    }

    @Test func bannedWordsStayOut() throws {
        let banned = ["try!", "try?", "TO" + "DO", "FIX" + "ME", "as! "]
        for file in try Self.files("Sources") {
            for (number, line) in file.lines.enumerated() {
                for word in banned { #expect(!line.contains(word), "\(file.path):\(number + 1): \(word)") }
            }
        }
        // What could make two runs differ. The edge knows clocks: for latencies, and for its own records.
        let edge: Set = ["AlertStore", "Bench", "Commands", "Runtime", "Server", "patternalarm"]
        let names = /\bDate\(\)|\.random\(in|\bshuffled\(\)|\.hashValue\b|\bprint\(|\bfatalError\b/
        for target in try Manifest().libraries where !edge.contains(target.name) {
            for file in try Self.files("Sources/" + target.name) {
                for (number, line) in file.lines.enumerated() {
                    let found = line.firstMatch(of: names).map { String($0.output) }
                    #expect(found == nil, "\(file.path):\(number + 1): \(found ?? "")")
                }
            }
        }
    }

    /// `Output` writes to standard output and standard error, and nothing else does: it keeps terminals safe.
    @Test func everythingIsSaidThroughOutput() throws {
        let others = /\b(print|debugPrint|dump|fputs|puts|perror)\(|FileHandle\.standard(Output|Error)|exit\(withError/
        for file in try Self.files("Sources") {
            for (number, line) in file.lines.enumerated() {
                let found = line.firstMatch(of: others).map { String($0.output.0) }
                #expect(found == nil, "\(file.path):\(number + 1): \(found ?? "")")
            }
        }
    }

    @Test func publicTypesSayWhatTheyAre() throws {
        for file in try Self.files("Sources") {
            for (number, line) in file.lines.enumerated() {
                let kinds = ["public struct ", "public final class ", "public enum ", "public protocol "]
                guard kinds.contains(where: { line.hasPrefix($0) }), number > 0 else { continue }
                let before = file.lines[number - 1]
                #expect(before.hasPrefix("///") || before.hasPrefix("@"), "\(file.path):\(number + 1) has no comment")
            }
        }
    }

    /// Who calls a function of another target need not read its body. Initialisers that only take over what they are given
    /// are said by the properties, and of what stands at the top nothing is called.
    @Test func publicFunctionsSayWhatTheyDo() throws {
        for target in try Manifest().libraries where !["Commands", "patternalarm"].contains(target.name) {
            for file in try Self.files("Sources/" + target.name) {
                for number in Self.unexplained(in: file.lines) {
                    Issue.record("\(file.path):\(number + 1) has no comment")
                }
            }
        }
    }

    /// The lines where a public function begins that has no comment and needs one.
    static func unexplained(in lines: [Substring]) -> [Int] {
        let words = #/ *(?:@\w+(?:\([^)]*\))? )*public (?:\w+ )*(?:func |init[?]?[<(]|subscript).*/#
        return lines.indices.filter { number in
            guard lines[number].contains("public "), lines[number].wholeMatch(of: words) != nil else { return false }
            let before = lines[..<number].last { $0.firstMatch(of: /^ *@/) == nil } ?? ""
            return before.firstMatch(of: /^ *\/\/\//) == nil && !takesOver(lines[number...])
        }
    }

    /// Whether an initialiser does nothing but `self.x = x`.
    private static func takesOver(_ lines: ArraySlice<Substring>) -> Bool {
        guard let first = lines.first, first.contains("init("),
            let open = lines.firstIndex(where: { $0.hasSuffix("{") || $0.hasSuffix("}") })
        else { return false }
        if lines[open].hasSuffix("}") { return lines[open].hasSuffix("{}") }
        let body = lines[(open + 1)...].prefix { !$0.hasSuffix("}") }
        return body.allSatisfy { line in
            guard let match = line.wholeMatch(of: #/ *self\.(\w+) = (\w+)/#) else { return false }
            return match.output.1 == match.output.2
        }
    }

    @Test func whatNeedsACommentIsFound() {
        let source = """
            public init() {}
            public init(x: Int) {
                self.x = x
            }
            public init(
                x: Int
            ) {
                self.x = y
            }
            /// Says it.
            @inlinable
            public func a() {
            @inlinable
            public mutating func b() {
            public var c: Int
            public static func make(c: Int) -> Int { c }
            """
        let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(Self.unexplained(in: lines) == [4, 13, 15])
    }

    @Test func theTopLevelIsFixed() throws {
        let allowed: Set = [
            "Package.swift", "Sources", "Tests", "Data", "Tools", "README.md", "LICENSE", "Package.resolved",
        ]
        for name in try FileManager.default.contentsOfDirectory(atPath: Self.root) where !name.hasPrefix(".") {
            #expect(allowed.contains(name), "\(name) does not belong at the top")
        }
    }
}
