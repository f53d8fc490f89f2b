import Base
import Bytes
import Decode
import Plan
import TestKit
import Testing

/// The indexed way of reading an event against the careful one: whatever the line, both fill the same columns.
@Suite struct DecoderAgreementTests {
    private static let plan: PipelinePlan = {
        var plan = PipelinePlan(
            name: "agreement",
            schema: Schema(fields: [
                Field(name: "id", type: .text, role: .id, isRequired: true),
                Field(name: "at", type: .time, role: .time, isRequired: true),
                Field(name: "amount", type: .number, role: .amount, isRequired: true, minimum: 0, maximum: 1e6),
                Field(name: "ok", type: .bool),
                Field(name: "a_rather_long_name_of_a_field", type: .text),
                Field(name: "street", path: "address.street", type: .text),
                Field(name: "whole", type: .json),
                Field(name: "names", path: "items[].name", type: .text),
                Field(name: "prices", path: "items[].price", type: .number),
                Field(name: "tags", path: "tags[]", type: .text),
                Field(name: "seen_at", type: .time),
                Field(name: "fraud", type: .number, role: .label, knownAfter: 1),
                Field(name: "truth", type: .text, role: .label),
            ])
        )
        plan.timeZoneMinutes = 90
        return plan
    }()

    /// The same fields, spelled in ways of their own, in a zone that changes.
    private static let styled: PipelinePlan = {
        var plan = DecoderAgreementTests.plan
        plan.zone = LocalZone(name: "X", first: 3600, transitions: [(0, 7200), (1_772_438_400, 3600)])
        for index in plan.schema.fields.indices {
            var field = plan.schema.fields[index]
            field.values.nullWords = WordList(["none", "12", "5", "a", "7"])
            field.values.trueWords = WordList(["no", "t"])
            field.values.falseWords = WordList(["1"])
            field.values.numbers.thousands = 0x2C
            field.values.numbers.hasCurrency = true
            if field.role == .time {
                do { field.times.formats = try ["%FT%H:%M:%S", "%F %T%z", "%s"].map { try TimeFormat($0) } } catch {
                    Issue.record(error)
                }
            } else if field.type == .time {
                field.times.unit = 1_000_000
            }
            plan.schema.fields[index] = field
        }
        return plan
    }()

    private static let members: [[String]] = [
        [
            #""id":"x1""#, #""id": "é\u00e9""#, #""id":7"#, #""id":null"#,
            #""id":"longer than fifteen bytes, so hashed""#,
        ],
        [
            #""at":"2026-03-02T08:00:00.5Z""#, #""at":1772438400"#, #""at":"2026-03-02 08:00:00+02:00""#,
            #""at" : "2026-03-02T08:00:00""#, #""at":"1772438400123""#, #""at":"2026-03-02T23:59:59.1234567+00:00""#,
            #""at":"2026-03-02T24:00:00""#, #""at":"2026-13-02T08:00:00""#, #""at":"2026-03-02""#, #""at":true"#,
        ],
        [
            #""amount":12.5"#, #""amount":0"#, #""amount":-1"#, #""amount":1e5"#, #""amount":1E400"#, #""amount":01"#,
            #""amount":"5""#, #""amount":" .5""#, #""amount":"""#, #""amount":"5 x""#, #""amount":1234567.0"#,
            #""amount": 9.999999999999999999 "#, #""amount":-"#,
        ],
        [
            #""ok":true"#, #""ok":false"#, #""ok":null"#, #""ok":truth"#, #""ok":1"#, #""ok":"T""#, #""ok":"no""#,
            #""ok":2"#, #""ok":t"#, "",
        ],
        [
            #""a_rather_long_name_of_a_field":"x""#, #""a_rather_long_nome_of_a_field":"x""#,
            #""a_rather_long_name_of_a_field":12e3"#, #""a_rather_long_name_of_a_field":{}"#, "",
        ],
        [
            #""address":{"street":"Main {1}, [2]:","zip":"1"}"#, #""address":{ }"#, #""address":[1]"#,
            #""address":{"street":{"x":1}}"#, #""address":"none""#, #""address":{"zip":[[[]]],"street":"a\"b"}"#,
        ],
        [#""whole":{"a":[1,{"b":null}]}"#, #""whole":"text""#, #""whole":[ ]"#, #""whole":1.50"#, #""whole":{"a"}"#],
        [
            #""items":[{"name":"a","price":1},{"name":"b","price":2.5}]"#, #""items":[]"#, #""items":[ ]"#,
            #""items":[{"name":null,"price":3}]"#, #""items":[{"price":"x"}]"#, #""items":[{"price":"2"}]"#,
            #""items":[1,{"name":"c"},[2]]"#,
        ],
        [#""tags":["a","b"]"#, #""tags":["a",2,true,null]"#, #""tags":[["a"]]"#, #""tags":["a",]"#, ""],
        [#""seen_at":1772438400.25"#, #""seen_at":"soon""#, ""],
        [#""fraud":1"#, #""fraud":"1""#, #""fraud":null"#, #""fraud":0.0"#],
        [#""truth":"fraud""#, #""truth":12"#, #""truth":{"a":1}"#, ""],
        [
            #""other":[null,{}]"#, #""other":-12.5e-7"#, #""other":"a,b:{}[]""#, #""other":nul"#, #""other":+1"#,
            #""x":1,"y":{"z":[{}]}"#, #""amount":3"#, "\"tab\":\"\t\"", #""":1"#, #""open":"..."#, "",
        ],
    ]

    /// Two members in three are of the first, usual kind, so that many lines are whole.
    private static func line(_ random: inout Seeded) -> [UInt8] {
        var parts: [String] = []
        for choices in members {
            let part = random.below(3) < 2 ? choices[0] : choices[random.below(choices.count)]
            if !part.isEmpty { parts.append(part) }
        }
        for index in parts.indices { parts.swapAt(index, index + random.below(parts.count - index)) }
        let comma = [",", ", ", " ,"][random.below(3)]
        var line = Array(("{" + parts.joined(separator: comma) + "}").utf8)
        switch random.below(8) {
        case 0: line[random.below(line.count)] = UInt8(random.below(256))
        case 1: line.removeLast(random.below(line.count))
        case 2: line.insert(contentsOf: [0x20, 0x20], at: 0)
        case 3: line.append(contentsOf: Array(["  ", "}", ",", "\u{0}"][random.below(4)].utf8))
        default: break
        }
        return line
    }

    /// Everything that a batch says of its rows, as text.
    private static func content(_ batch: ColumnBatch) -> [String] {
        (0..<batch.count).map { row in
            guard batch.status[row] == 0 else { return "\(batch.rejections[Int(batch.status[row]) - 1])" }
            var words = ["\(batch.times[row]) \(batch.ids[row])"]
            for (field, column) in batch.columns.enumerated() {
                if let numbers = column.numbers { words.append("\(field): \(numbers[row].bitPattern)") }
                if let texts = column.texts, let spans = column.spans, !texts[row].isAbsent {
                    words.append("\(field): \(texts[row]) \(spans[row])")
                }
                if let list = column.list {
                    let range = (row == 0 ? 0 : Int(list.ends[row - 1]))..<Int(list.ends[row])
                    let ends = range.map { list.texts.isEmpty ? "\(list.numbers[$0])" : "\(list.texts[$0])" }
                    words.append("\(field): \(ends)")
                }
            }
            for slot in batch.labelFields.indices { words.append("\(batch.labels[slot * batch.capacity + row])") }
            return words.joined(separator: "; ")
        }
    }

    @Test(arguments: [0, 32, 64])
    func everyWidthReadsWhatTheCarefulWayReads(vectorWidth: Int) {
        let accepted = Self.compare(Self.plan, vectorWidth)
        // Enough lines of either kind for the comparison to mean something.
        #expect((2_000...14_000).contains(accepted))
    }

    @Test func stylesAreReadAlike() {
        let accepted = Self.compare(Self.styled, 64)
        #expect((200...14_000).contains(accepted))
    }

    /// How many lines were taken.
    private static func compare(_ plan: PipelinePlan, _ vectorWidth: Int) -> Int {
        var random = Seeded(seed: 7)
        let careful = EventDecoder(plan: plan, vectorWidth: nil)
        let indexed = EventDecoder(plan: plan, vectorWidth: vectorWidth)
        let batches = (0..<2).map { _ in ColumnBatch(schema: plan.schema, capacity: 400) }
        var accepted = 0
        for _ in 0..<40 {
            for batch in batches { batch.removeAll() }
            var lines: [[UInt8]] = []
            for _ in 0..<400 {
                let line = Self.line(&random)
                lines.append(line)
                line.withUnsafeBufferPointer {
                    careful.decode($0, into: batches[0])
                    indexed.decode($0, into: batches[1])
                }
            }
            for (row, pair) in zip(Self.content(batches[0]), Self.content(batches[1])).enumerated() {
                #expect(pair.0 == pair.1, "\(String(decoding: lines[row], as: UTF8.self))")
            }
            accepted += (0..<400).count { batches[1].status[$0] == 0 }
        }
        return accepted
    }
}
