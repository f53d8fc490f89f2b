import Plan
import Server
import TestKit
import Testing

@Suite struct PredictionReaderTests {
    /// A plan whose events have an actor and a domain.
    private func reader() -> PredictionReader {
        var plan = testPlan()
        plan.schema = Schema(fields: [
            Field(name: "actor_id", path: "who", type: .text), Field(name: "domain", type: .text, role: .domain),
            Field(name: "amount", type: .number),
        ])
        return PredictionReader(plan)
    }

    private func events(_ body: String) throws -> [String] {
        try reader().single(Array(body.utf8)).events.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Bytes go on as they came; only what is missing is put in.
    @Test func whatIsMissingIsFilledIn() throws {
        let found = try events(
            #"""
            {"actor_id": "A\u00e9", "domain":"g", "request_id":null,
             "transactions": [{"amount":1.50 , "x":12345678901234567890}, {"who":"B","domain" : "f"},
               {"domain":null,"amount":2,"who":null}, {}, {"who":"B","domain":null,"a":{"who":1}}]}
            """#
        )
        #expect(
            found == [
                #"{"who":"A\u00e9","domain":"g","amount":1.50,"x":12345678901234567890}"#,
                #"{"who":"B","domain" : "f"}"#, #"{"who":"A\u00e9","domain":"g","amount":2}"#,
                #"{"who":"A\u00e9","domain":"g"}"#, #"{"domain":"g","who":"B","a":{"who":1}}"#,
            ]
        )
        #expect(try events(#"{"actor_id":"A","transactions":[{"domain":null}]}"#) == [#"{"who":"A","domain":null}"#])
    }

    @Test func aPlanWithoutSuchFieldsFillsNothing() throws {
        let reader = PredictionReader(testPlan())
        let body = #"{"actor_id":"A","domain":"g","transactions":[{"id":"x"}]}"#
        let event = try #require(try reader.single(Array(body.utf8)).events.first)
        #expect(String(decoding: event, as: UTF8.self) == #"{"id":"x"}"#)
    }

    @Test(arguments: [
        (#"{"transactions":[{}]}"#, "/actor_id"), (#"{"actor_id":1,"transactions":[{}]}"#, "/actor_id"),
        (#"{"actor_id":"","transactions":[{}]}"#, "/actor_id"), (#"{"actor_id":"A"}"#, "/transactions"),
        (#"{"actor_id":"A","transactions":[]}"#, "/transactions"),
        (#"{"actor_id":"A","transactions":{}}"#, "/transactions"),
        (#"{"actor_id":"A","transactions":[{},3]}"#, "/transactions/1"),
        (#"{"actor_id":"A","transactions":[{"a":1,"\u0061":2}]}"#, "/transactions/0/a"),
        (#"{"actor_id":"A","actor_id":"A","transactions":[{}]}"#, "/actor_id"),
        (#"{"actor_id":"A","transactions":[{}],"model":"x"}"#, "/model"),
        (#"{"actor_id":"A","domain":7,"transactions":[{}]}"#, "/domain"),
        (#"{"actor_id":"A","request_id":[],"transactions":[{}]}"#, "/request_id"), ("[]", ""),
    ])
    func whatIsWrongIsNamed(body: String, pointer: String) throws {
        let error = try #require(throws: Problem.self) { try events(body) }
        #expect(error.errors?.map(\.pointer) == [pointer])
    }

    @Test func oneWrongActorLeavesTheOthers() throws {
        let body = #"""
            {"predictions":[{"actor_id":"A","transactions":[{}]},{"actor_id":"B","request_id":"r","transactions":[]},7,
              {"actor_id":"C","request_id":"s","transactions":[{}]}]}
            """#
        let items = try reader().batch(Array(body.utf8))
        #expect(items.map(\.actorID) == ["A", "B", nil, "C"])
        #expect(items.map(\.requestID) == [nil, "r", nil, "s"])
        let fine = items.map { item in if case .success = item.request { true } else { false } }
        #expect(fine == [true, false, false, true])
        let many = String(repeating: "{},", count: 1000) + "{}"
        for wrong in [
            "{}", #"{"predictions":[]}"#, #"{"predictions":[\#(many)]}"#, #"{"predictions":[{}],"x":1}"#, "{",
        ] {
            #expect(throws: Problem.self) { try reader().batch(Array(wrong.utf8)) }
        }
    }
}
