import Bytes

/// How a schema's values are spelled.
extension ConfigReader {
    static let styleKeys = ["null_words", "true_words", "false_words", "numbers"]
    static let timeKeys = ["format", "unit", "origin"]

    mutating func readStyle(_ entry: ConfigNode.Entry, into style: inout ValueStyle) {
        switch entry.key {
        case "null_words": style.nullWords = WordList(texts(entry.value, entry.key))
        case "true_words", "false_words":
            let words = WordList(texts(entry.value, entry.key))
            if entry.key == "true_words" { style.trueWords = words } else { style.falseWords = words }
            if let word = style.trueWords?.shared(with: style.falseWords ?? WordList([])) {
                report(entry.keyPosition, "\"\(word)\" cannot be both true and false")
            }
        case "numbers": style.numbers = numbers(entry.value)
        default: break
        }
    }

    private mutating func numbers(_ node: ConfigNode) -> NumberStyle {
        var style = NumberStyle()
        for entry in map(node, "numbers", keys: ["decimal", "thousands", "currency", "accounting"]) {
            switch entry.key {
            case "decimal": style.hasDecimalComma = choice(entry.value, "decimal", among: [".", ","]) == ","
            case "thousands":
                let signs = [",", ".", " ", "'", "_"]
                style.thousands = choice(entry.value, "thousands", among: signs)?.utf8.first
            case "currency": style.hasCurrency = bool(entry.value, "currency") ?? false
            default: style.isAccounting = bool(entry.value, "accounting") ?? false
            }
        }
        if style.thousands == (style.hasDecimalComma ? 0x2C : 0x2E) {
            report(node.position, "the decimal sign and the sign between thousands cannot be the same")
        }
        return style
    }

    /// A local origin is one of the zone.
    mutating func readTime(_ entry: ConfigNode.Entry, into style: inout TimeStyle, zone: LocalZone) {
        switch entry.key {
        case "format":
            var nodes = [entry.value]
            if case .list(let items, _) = entry.value { nodes = items }
            for node in nodes {
                guard let text = text(node, "format") else { continue }
                do throws(TimeFormat.Fault) { style.formats.append(try TimeFormat(text)) } catch {
                    report(node.position, "the format \"\(text)\" cannot be read: \(error.words)")
                }
            }
        case "unit":
            let units: [(name: String, nanoseconds: Int64)] = [
                ("ns", 1), ("us", 1000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000),
                ("h", 3_600_000_000_000), ("d", 86_400_000_000_000),
            ]
            let name = choice(entry.value, "unit", among: units.map(\.name))
            style.unit = units.first { $0.name == name }?.nanoseconds
        default:
            guard var text = text(entry.value, "origin") else { return }
            // From which spreadsheets count days: the only origin that is no time of an event.
            style.countsLocalTime = text == "1899-12-30"
            style.origin =
                style.countsLocalTime
                ? TimeStyle.spreadsheetOrigin : text.withUTF8 { TimeParser.instant(TextValue.trimmed($0), zone: zone) }
            if style.origin == nil {
                report(entry.value.position, "origin must be a time such as 2026-01-01T00:00:00Z, not \"\(text)\"")
            }
        }
    }
}
