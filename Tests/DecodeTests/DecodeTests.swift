import Base
import Bytes
import Decode
import Plan
import TestKit
import Testing

@Suite struct DecodeTests {
    @Test func everyKindOfFieldInAnyOrder() {
        let members = [
            #""id":"x1""#, #""at":"2026-03-02T08:00:00.5Z""#, #""actor":"A\u0031""#, #""amount":12.5"#, #""ok":true"#,
            #""address":{"zip":"123","city":{"deep":[1,{"x":2}]}}"#,
            #""items":[{"name":"a","price":1},{"name":"b","price":2.5}]"#, #""truth":"fraud""#, #""other":[null,{}]"#,
        ]
        var random = Seeded(seed: 1)
        var lines: [String] = []
        for _ in 0..<50 {
            var order = members
            for index in order.indices { order.swapAt(index, index + random.below(order.count - index)) }
            lines.append("{" + order.joined(separator: ",") + "}")
        }
        let batch = decode(lines)
        for row in lines.indices {
            #expect(batch.status[row] == 0)
            #expect(batch.times[row] == 1_772_438_400_500_000)
            #expect(batch.ids[row] == Text("x1"))
            #expect(batch.columns[2].texts?[row] == Text("A1"))
            #expect(batch.columns[3].numbers?[row] == 12.5)
            #expect(batch.columns[4].numbers?[row] == 1)
            #expect(batch.columns[5].texts?[row] == Text("123"))
            #expect(batch.columns[6].texts?[row] == Text(#"{"zip":"123","city":{"deep":[1,{"x":2}]}}"#))
            #expect(batch.columns[7].list?.ends[row] == Int32(2 * row + 2))
            #expect(batch.columns[7].list?.texts[2 * row + 1] == Text("b"))
            #expect(batch.columns[8].list?.numbers[2 * row + 1] == 2.5)
        }
    }

    /// C7: there is no column that an expression could read a label from.
    @Test func labelsHaveNoColumn() {
        let batch = decode([#"{"id":"a","at":1772438400,"actor":"A","amount":1,"truth":"fraud"}"#])
        #expect(batch.columns[9].texts == nil)
        #expect(batch.columns[9].numbers == nil)
        #expect(batch.columns[9].list == nil)
        let span = batch.labels[0]
        #expect(
            String(decoding: batch.payload[Int(span.start)..<Int(span.start + span.count)], as: UTF8.self) == "fraud"
        )
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        var line: String
        var field: String?
        var reason: String
        var testDescription: String { line }
    }

    @Test(arguments: [
        Bad(line: "{\"id\":\"a\"", field: nil, reason: "broken JSON: it ends in the middle (byte 9)"),
        Bad(line: "[1]", field: nil, reason: "broken JSON: unexpected character at byte 0"),
        Bad(
            line: "{\"id\":\"a\",\"at\":1772438400,\"actor\":\"A\",\"amount\":1} x",
            field: nil,
            reason: "broken JSON: something follows the object at byte 50"
        ),
        Bad(line: "{\"id\":\"a\",\"at\":1772438400,\"actor\":\"A\"}", field: "amount", reason: "is missing"),
        Bad(
            line: "{\"id\":\"a\",\"at\":1772438400,\"actor\":\"A\",\"amount\":\"one\"}",
            field: "amount",
            reason: "is not a number"
        ),
        Bad(
            line: "{\"id\":\"a\",\"at\":1772438400,\"actor\":\"A\",\"amount\":-1}",
            field: "amount",
            reason: "is below the least value that the schema accepts"
        ),
        Bad(
            line: "{\"id\":\"a\",\"at\":1772438400,\"actor\":\"A\",\"amount\":1e999}",
            field: "amount",
            reason: "is too large for a number"
        ),
        Bad(
            line: "{\"id\":\"a\",\"at\":1772438400,\"actor\":\"A\",\"amount\":NaN}",
            field: nil,
            reason: "broken JSON: bad number at byte 47"
        ),
        Bad(
            line: "{\"id\":\"a\",\"at\":\"yesterday\",\"actor\":\"A\",\"amount\":1}",
            field: "at",
            reason: "is not a time"
        ),
        Bad(line: "{\"id\":\"a\",\"actor\":\"A\",\"amount\":1}", field: "at", reason: "is missing"),
        Bad(line: "{\"id\":null,\"at\":1772438400,\"actor\":\"A\",\"amount\":1}", field: "id", reason: "is null"),
        Bad(
            line: "{\"id\":\"a\",\"at\":1772438400,\"actor\":\"A\",\"amount\":1,\"amount\":2}",
            field: "amount",
            reason: "occurs twice"
        ),
        Bad(
            line: "{\"id\":\"a\",\"at\":1772438400,\"actor\":{},\"amount\":1}",
            field: "actor",
            reason: "is not a text"
        ),
        Bad(
            line: "{\"id\":\"a\",\"at\":1772438400,\"actor\":\"A\",\"amount\":1,\"ok\":2}",
            field: "ok",
            reason: "is not true or false"
        ),
    ])
    func badEventsSayWhy(bad: Bad) {
        let good = #"{"id":"a","at":1772438400,"actor":"A","amount":1}"#
        let batch = decode([good, bad.line, good])
        #expect(batch.count == 3)
        #expect(batch.status[0] == 0)
        #expect(batch.status[2] == 0)
        #expect(batch.rejections == [.init(field: bad.field, reason: bad.reason)])
    }

    /// A string is read as a field of CSV with that content is.
    @Test func textsAreNumbersBooleansAndTimes() {
        let numbers = [
            "12.50": 12.5, " 10 ": 10, ".5": 0.5, "5.": 5, "+5": 5, "007": 7, "1e3": 1000, "0.1": 0.1,
            #"1.234\u002c50"#: 1234.5, #"1234\u002c50"#: 1234.5, #"1\u002e234\u002c50"#: 1234.5, #"1\u002E234"#: 1234,
            #"12\u002e5"#: nil, "1,5": nil, "1 000": nil, "--1": nil, ".": nil, "e3": nil, "0x10": nil, "nan": nil,
        ]
        for (text, number) in numbers {
            let batch = decode(["{\"id\":\"a\",\"at\":\"1772438400\",\"actor\":\"A\",\"amount\":\"\(text)\"}"])
            #expect((batch.status[0] == 0) == (number != nil), "\(text)")
            if let number { #expect(batch.columns[3].numbers?[0] == number, "\(text)") }
        }
        let words = [
            "\"true\"": 1.0, "\"T\"": 1, "\"yes\"": 1, "\"Y\"": 1, "\" 1\"": 1, "1": 1, "0": 0, "\"No\"": 0,
            "\"FALSE\"": 0,
            "\"tango\"": nil, "\"01\"": nil, "2": nil, "1.0": nil, "\"on\"": nil,
        ]
        for (text, truth) in words {
            let batch = decode(["{\"id\":\"a\",\"at\":\" 2026-03-02 \",\"actor\":\"A\",\"amount\":1,\"ok\":\(text)}"])
            #expect((batch.status[0] == 0) == (truth != nil), "\(text)")
            if let truth { #expect(batch.columns[4].numbers?[0] == truth, "\(text)") }
        }
        // A blank is no value.
        let blank = decode(["{\"id\":\"a\",\"at\":1772438400,\"actor\":\"A\",\"amount\":\" \",\"ok\":\"\"}"])
        #expect(blank.rejections == [.init(field: "amount", reason: "is missing")])
    }

    @Test func invalidUTF8IsRefused() {
        let plan = testPlan()
        let batch = ColumnBatch(schema: plan.schema, capacity: 1)
        var line = Array(#"{"id":"a","at":1772438400,"actor":"A"#.utf8)
        line += [0xC3, 0x28]
        line += Array(#"","amount":1}"#.utf8)
        let decoder = EventDecoder(plan: plan)
        line.withUnsafeBufferPointer { decoder.decode($0, into: batch) }
        #expect(batch.rejections == [.init(reason: "invalid UTF-8")])
    }

    @Test(arguments: Seeds.upTo(20))
    func randomBytesNeverTrap(seed: UInt64) {
        var random = Seeded(seed: seed)
        let plan = testPlan()
        let sample = Array(
            #"{"id":"a","at":"2026-03-02T08:00:00Z","actor":"A","amount":1.5,"items":[{"name":"\u00e9"}],"address":{"zip":1}}"#
                .utf8
        )
        let batch = ColumnBatch(schema: plan.schema, capacity: 500)
        let decoder = EventDecoder(plan: plan)
        for _ in 0..<500 {
            var line = sample
            for _ in 0..<random.below(4) { line[random.below(line.count)] = UInt8(random.below(256)) }
            line.removeLast(random.below(3) == 0 ? random.below(line.count) : 0)
            line.withUnsafeBufferPointer { decoder.decode($0, into: batch) }
        }
        #expect(batch.count == 500)
        for row in 0..<500 { #expect(Int(batch.status[row]) <= batch.rejections.count) }
    }
}
