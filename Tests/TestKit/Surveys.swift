import Bytes
import Survey

/// Surveys of small files, without a file.
public enum Surveys {
    /// Of CSV with a header, or of JSON lines.
    public static func profile(_ text: String, blockRecords: Int = .max, spread: Spread = inOrder) -> Profile {
        var bytes = Array(text.utf8)
        let shape = bytes.withUnsafeBufferPointer { FileShape.sniff($0) }
        if shape.hasByteOrderMark { bytes.removeFirst(3) }
        let survey = Survey(hasDecimalComma: shape.hasDecimalComma)
        let block = RecordBlock()
        var json = JSONRecords(block: block)
        var csv: CSVRecords?
        let grammar = CSVGrammar(separator: shape.separator)
        for (index, line) in bytes.split(separator: 0x0A).enumerated() {
            line.withUnsafeBufferPointer { line in
                do {
                    if shape.format == .jsonl {
                        try json.add(line, line: index + 1)
                    } else if csv == nil {
                        survey.noteHeader(shape.header ?? [])
                        let names = FileShape.columnNames(shape.header ?? [])
                        csv = CSVRecords(names: names, grammar: grammar, block: block)
                    } else {
                        try csv?.add(line, line: index + 1)
                    }
                } catch {
                    survey.refuse(line: index + 1, "\(error)")
                }
            }
            if block.count >= blockRecords {
                survey.take(block, spread: spread)
                block.removeAll()
            }
        }
        if block.count > 0 { survey.take(block, spread: spread) }
        return survey.profile()
    }

    public typealias Spread = @Sendable (Int, @Sendable (Int) -> Void) -> Void

    public static let inOrder: Spread = { count, body in for index in 0..<count { body(index) } }
    public static let backwards: Spread = { count, body in for index in (0..<count).reversed() { body(index) } }

    /// Payments of some accounts, one a minute.
    public static func payments(_ count: Int, time: (Int) -> String = { minute($0) }) -> String {
        var text = "id,at,account,shop,amount,is_fraud\n"
        for row in 0..<count {
            let fraud = row % 100 == 99 ? 1 : 0
            text += "t\(row),\(time(row)),acc\(row % 20),shop\(row % 7),\(row % 50).5,\(fraud)\n"
        }
        return text
    }

    public static func minute(_ row: Int) -> String {
        let text = TimeParser.text(milliseconds: 1_772_000_000_000 + Int64(row) * 60_000)
        return String(text.prefix(19)) + "Z"
    }
}
