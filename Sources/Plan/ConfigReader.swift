import Base

/// Reads the maps of a pipeline file: takes known keys, remembers what is wrong, and names what is left over.
struct ConfigReader {
    let file: String
    private(set) var diagnostics: [Diagnostic] = []

    init(file: String) {
        self.file = file
    }

    mutating func report(_ position: SourcePosition, _ message: String, suggestion: String? = nil) {
        diagnostics.append(Diagnostic(file: file, position: position, message: message, suggestion: suggestion))
    }

    /// The entries of a map, or none with a complaint; unknown keys are complained about.
    mutating func map(_ node: ConfigNode, _ what: String, keys: [String]? = nil) -> [ConfigNode.Entry] {
        guard case .map(let entries, let position) = node else {
            report(node.position, "\(what) must be a map of keys and values")
            return []
        }
        _ = position
        guard let keys else { return entries }
        for entry in entries where !keys.contains(entry.key) {
            let suggestion = closestName(to: entry.key, among: keys)
            report(entry.keyPosition, "unknown key \"\(entry.key)\" in \(what)", suggestion: suggestion)
        }
        return entries
    }

    mutating func text(_ node: ConfigNode, _ what: String) -> String? {
        guard case .scalar(let text, _, _) = node else {
            report(node.position, "\(what) must be a single value")
            return nil
        }
        return text
    }

    mutating func texts(_ node: ConfigNode, _ what: String) -> [String] {
        guard case .list(let items, _) = node else {
            report(node.position, "\(what) must be a list")
            return []
        }
        return items.compactMap { text($0, what) }
    }

    mutating func number(_ node: ConfigNode, _ what: String) -> Double? {
        guard let text = text(node, what) else { return nil }
        guard let value = Double(text), value.isFinite else {
            report(node.position, "\(what) must be a number, not \"\(text)\"")
            return nil
        }
        return value
    }

    mutating func bool(_ node: ConfigNode, _ what: String) -> Bool? {
        guard let text = text(node, what) else { return nil }
        guard text == "true" || text == "false" else {
            report(node.position, "\(what) must be true or false, not \"\(text)\"")
            return nil
        }
        return text == "true"
    }

    mutating func duration(_ node: ConfigNode, _ what: String) -> Int64? {
        guard let text = text(node, what) else { return nil }
        guard let value = Plan.duration(text) else {
            report(node.position, "\(what) must be a duration such as 30s, 5m or 7d, not \"\(text)\"")
            return nil
        }
        return value
    }

    mutating func choice(_ node: ConfigNode, _ what: String, among known: [String]) -> String? {
        guard let text = text(node, what) else { return nil }
        guard known.contains(text) else {
            let suggestion = closestName(to: text, among: known)
            let list = known.joined(separator: ", ")
            report(node.position, "\(what) must be one of \(list), not \"\(text)\"", suggestion: suggestion)
            return nil
        }
        return text
    }

    /// Reads the expression in a scalar; an error's column counts from the scalar's place in the file.
    mutating func syntax(_ node: ConfigNode, _ what: String) -> Syntax? {
        guard let source = text(node, what) else { return nil }
        do throws(ExpressionError) {
            var parser = try SyntaxParser(source)
            return try parser.parse()
        } catch {
            report(error, in: node)
            return nil
        }
    }

    mutating func report(_ error: ExpressionError, in node: ConfigNode) {
        var position = node.position
        if case .scalar(let source, _, let shift) = node, !source.unicodeScalars.contains("\n") {
            position.column += shift + error.column
        }
        report(position, error.message, suggestion: error.suggestion)
    }
}
