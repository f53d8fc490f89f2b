import Base
import Bytes
import Decode
import Plan
import TestKit
import Testing

/// A path of the schema in events of different making.
@Suite struct NameTests {
    private static let plan = PipelinePlan(
        name: "names",
        schema: Schema(fields: [
            Field(name: "at", type: .time, role: .time, isRequired: true),
            Field(name: "zip", path: "billing.address.zip", type: .text),
            Field(name: "amount", type: .number, role: .amount),
            Field(name: "names", path: "cart.items[].name", type: .text),
        ])
    )

    private func read(_ members: String, width: Int? = 64) -> String {
        let decoder = EventDecoder(plan: Self.plan, vectorWidth: width)
        let batch = ColumnBatch(schema: Self.plan.schema, capacity: 1)
        Array("{\"at\":1772438400,\(members)}".utf8).withUnsafeBufferPointer { decoder.decode($0, into: batch) }
        guard batch.status[0] == 0 else { return "\(batch.rejections[0])" }
        let zip = batch.columns[1].texts.map { $0[0].isAbsent ? "-" : "\($0[0])" } ?? ""
        let amount = batch.columns[2].numbers.map { "\($0[0])" } ?? ""
        let names = batch.columns[3].list.map { list in list.texts.indices.map { "\(list.texts[$0])" } } ?? []
        return "\(zip) \(amount) \(names.joined(separator: ","))"
    }

    @Test func aPathFitsEveryWayOfWritingIt() {
        let ways = [
            #""billing":{"address":{"zip":"1"}}"#, #""billing.address.zip":"1""#, #""billing.address":{"zip":"1"}"#,
            #""billing":{"address.zip":"1"}"#, #""Billing":{"ADDRESS":{" zip ":"1"}}"#, #""Billing.Address.Zip":"1""#,
        ]
        for way in ways { #expect(read(way) == "1 nan ", "\(way)") }
        for way in [#""cart":{"items":[{"name":"a"},{"name":"b"}]}"#, #""cart.items":[{"name":"a"},{"Name":"b"}]"#] {
            #expect(read(way) == "- nan a,b", "\(way)")
        }
        #expect(read(#""zip":"1","address":{"zip":"2"}"#) == "- nan ")
    }

    @Test func theNameThatIsTheSameCounts() {
        let known: [(members: String, result: String)] = [
            (#""Amount":600"#, "- 600.0 "), (#""amount ":"600""#, "- 600.0 "), (#""amount":1,"Amount":2"#, "- 1.0 "),
            (#""Amount":2,"amount":1"#, "- 1.0 "), (#""Amount":2,"AMOUNT":3"#, "- 2.0 "),
            (#""Amount":2,"amount":null"#, "- 2.0 "),
            (#""amount":null,"Amount":2"#, "- 2.0 "), (#""Amount":"x","amount":1"#, "- 1.0 "),
            (#""amount":1,"Amount":"x""#, "- 1.0 "),
            (#""Amount":null,"AMOUNT":3"#, "- 3.0 "), (#""Amount":{},"amount":1"#, "- 1.0 "), (#""amt":1"#, "- nan "),
        ]
        for (members, result) in known {
            #expect(read(members) == result, "\(members)")
            #expect(read(members, width: nil) == result, "\(members)")
        }
        #expect(read(#""Amount":"x""#).contains("is not a number"))
        #expect(read(#""amount":1,"amount":2"#).contains("occurs twice"))
    }

    /// More strange names than a decoder remembers make no difference.
    @Test func manyNamesMakeNoDifference() {
        let strange = (0..<2000).map { "\"x\($0)\":1" }.joined(separator: ",")
        #expect(read(strange + #","Amount":5"#) == "- 5.0 ")
    }
}
