import Bytes
import Plan

/// Values of a recording's texts as SQL, where a schema spells them in a way of its own.
struct SQLValues {
    let expressions: SQLExpressions
    let mark: String
    let zone: LocalZone

    /// A text, NULL for the words that mean no value.
    func text(_ field: Field, _ raw: String) -> String {
        guard let words = field.values.nullWords, !field.isList else { return raw }
        return "CASE WHEN lower(trim(\(raw))) NOT IN (\(list(words.words + [""]))) THEN \(raw) END"
    }

    func number(_ field: Field, _ text: String) -> String {
        let style = field.values.numbers
        guard !style.isPlain else { return "TRY_CAST(\(text) AS DOUBLE)" }
        var plain = text
        func without(_ pattern: String) { plain = "regexp_replace(\(plain), \(expressions.quoted(pattern)), '', 'g')" }
        without("[\\s\\p{Zs}]")
        if style.hasCurrency {
            let pattern = "^([-+(]*)(?:\(Currency.pattern))|(?:\(Currency.pattern))([-)]*)$"
            plain = "regexp_replace(\(plain), \(expressions.quoted(pattern)), '\\1\\2')"
        }
        if style.hasCurrency || style.isAccounting {
            let cents = style.hasDecimalComma ? "," : "[.]"
            plain = "regexp_replace(\(plain), \(expressions.quoted("\(cents)(?:--?|–|—)(\\)?)$")), '\\1')"
        }
        let thousands = style.thousands.map { String(UnicodeScalar($0)) } ?? (style.hasDecimalComma ? "." : nil)
        if let thousands { plain = "replace(\(plain), \(expressions.quoted(thousands)), '')" }
        if style.hasDecimalComma { plain = "replace(\(plain), ',', '.')" }
        if style.isAccounting {
            plain = "regexp_replace(regexp_replace(\(plain), '^\\((.*)\\)$', '-\\1'), '^(.*)-$', '-\\1')"
        }
        return "TRY_CAST(\(plain) AS DOUBLE)"
    }

    func truth(_ field: Field, _ text: String) -> String {
        let (yes, no) = (field.values.trueWords, field.values.falseWords)
        guard yes != nil || no != nil else { return "TRY_CAST(\(text) AS BOOLEAN)" }
        let branches = [(yes, "TRUE"), (no, "FALSE")].compactMap { words, value in
            words.map { "WHEN lower(trim(\(text))) IN (\(list($0.words))) THEN \(value)" }
        }
        return "CASE \(branches.joined(separator: " ")) END"
    }

    /// Microseconds since 1970.
    func instant(_ field: Field, _ text: String) -> String {
        let times = field.times
        if times.isRelative {
            let unit = Double(times.unit ?? 1_000_000_000) / 1000
            let count = "CAST(\(times.origin ?? 0) + round(TRY_CAST(\(text) AS DOUBLE) * \(unit)) AS BIGINT)"
            return times.countsLocalTime && zone.fixedMinutes != 0 ? local("make_timestamp(\(count))") : count
        }
        guard !times.formats.isEmpty else { return "\(mark)time(\(text))" }
        let tries = times.formats.map { format in
            let parsed = "try_strptime(\(text), \(expressions.quoted(format.description)))"
            return format.hasZone ? "epoch_us(\(parsed))" : local(parsed)
        }
        return tries.count == 1 ? tries[0] : "coalesce(\(tries.joined(separator: ", ")))"
    }

    /// A local time's microseconds. (DuckDB takes the second of two equal ones; this program the first.)
    func local(_ timestamp: String) -> String {
        guard let minutes = zone.fixedMinutes else {
            return "epoch_us(timezone(\(expressions.quoted(zone.name)), CAST(\(timestamp) AS TIMESTAMP)))"
        }
        return minutes == 0 ? "epoch_us(\(timestamp))" : "(epoch_us(\(timestamp)) - \(Int64(minutes) * 60_000_000))"
    }

    private func list(_ words: [String]) -> String { words.map(expressions.quoted).joined(separator: ", ") }
}
