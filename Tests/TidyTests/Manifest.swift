import Foundation

/// The targets of Package.swift as it spells them, in its order: the one place that says what rests on what.
struct Manifest {
    struct Target {
        var name: String
        /// Targets of this package.
        var below: [String]
        /// Whether it is part of what knows no clock, no Foundation and no network.
        var isCore: Bool
    }

    /// Those in Swift, without tests.
    let libraries: [Target]
    let tests: [Target]
    /// Those in C.
    let foreign: [String]

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/../.."

    init() throws {
        let text = try String(contentsOfFile: Self.root + "/Package.swift", encoding: .utf8)
        let edge = text.range(of: "// The edge.")?.lowerBound ?? text.endIndex
        func targets(_ pattern: Regex<(Substring, Substring, Substring?)>) -> [Target] {
            text.matches(of: pattern).map { match in
                let words = (match.output.2 ?? "").replacing("\\\n", with: " ").split(whereSeparator: \.isWhitespace)
                return Target(
                    name: String(match.output.1),
                    below: words.map(String.init),
                    isCore: match.range.lowerBound < edge
                )
            }
        }
        libraries =
            targets(#/[^.\w]library\(\s*"(\w+)"(?:,\s*on: "+([^"]*)"+)?/#)
            + [Target(name: "patternalarm", below: ["Commands"], isCore: false)]
        tests = targets(#/[^.\w]tests\(\s*"(\w+)"(?:,\s*of: "+([^"]*)"+)?/#)
        foreign = text.matches(of: #/\.(?:target|systemLibrary)\(name: "(C\w+)"/#).map { String($0.output.1) }
    }

    /// One above the highest that it rests on; what rests on C alone is on the first.
    func floor(of name: String) -> Int {
        guard let target = libraries.first(where: { $0.name == name }) else { return 0 }
        return 1 + (target.below.map { floor(of: $0) }.max() ?? 0)
    }

    /// Everything that a target rests on, and what that rests on.
    func everything(below name: String) -> Set<String> {
        let below = libraries.first { $0.name == name }?.below ?? []
        return below.reduce(into: []) { $0.formUnion(everything(below: $1).union([$1])) }
    }

    /// What a target rests on, but for what the others of these rest on.
    func ground(of target: Target) -> [String] {
        target.below.filter { name in !target.below.contains { everything(below: $0).contains(name) } }
    }

    /// A line for each target, the highest floor first.
    var picture: String {
        let floors = Dictionary(grouping: libraries, by: { floor(of: $0.name) })
        return floors.sorted { $0.key > $1.key }.flatMap { floor, targets in
            targets.sorted { $0.name < $1.name }.enumerated().map { index, target in
                let label = index == 0 ? "\(floor)" : " "
                let name = target.name.padding(toLength: 14, withPad: " ", startingAt: 0)
                return "    \(label)  \(name)  \(ground(of: target).joined(separator: " "))"
            }
        }.joined(separator: "\n")
    }
}
