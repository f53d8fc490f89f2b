import Bytes

/// Cuts records of CSV into the columns of a block.
public struct CSVRecords {
    private let grammar: CSVGrammar
    private let columns: [Int]
    private let block: RecordBlock
    private var copy: [UInt8] = []

    /// - Parameters:
    ///   - names: The header's columns. Those of a file that was begun before keep their values under their names.
    ///   - grammar: How fields are told apart.
    ///   - block: What is filled.
    public init(names: [String], grammar: CSVGrammar, block: RecordBlock) {
        self.grammar = grammar
        self.block = block
        var taken: Set<Int> = []
        columns = names.map { name in
            let known = block.paths.indices.first { block.paths[$0] == name && !taken.contains($0) }
            let column = known ?? block.addColumn(name)
            taken.insert(column)
            return column
        }
    }

    /// Adds a record to the block; an empty field is no value.
    ///
    /// - Throws: ``Bytes/CSVGrammar/Fault`` if it is none; then nothing is added.
    public mutating func add(_ record: UnsafeBufferPointer<UInt8>, line: Int) throws(CSVGrammar.Fault) {
        let start = block.beginRecord(record, line: line)
        do throws(CSVGrammar.Fault) {
            try cut(record, from: start)
        } catch {
            block.dropRecord()
            throw error
        }
    }

    private mutating func cut(_ record: UnsafeBufferPointer<UInt8>, from start: Int) throws(CSVGrammar.Fault) {
        var position = 0
        for (index, column) in columns.enumerated() {
            let first = position
            let field = try grammar.field(of: record, &position)
            if !field.isEmpty {
                if CSVGrammar.isQuoted(field) {
                    copy.removeAll(keepingCapacity: true)
                    CSVGrammar.unquote(field, into: &copy)
                    if !copy.isEmpty {
                        let place = copy.withUnsafeBufferPointer { block.append($0) }
                        block.add(column, start: place, count: copy.count, .text)
                    }
                } else {
                    block.add(column, start: start + first, count: field.count, .text)
                }
            }
            let isLast = index == columns.count - 1
            guard isLast == (position == record.count) else {
                throw isLast
                    ? grammar.wrongCount(record, position, columns.count) : .fieldCount(expected: columns.count)
            }
            position += 1
        }
    }
}
