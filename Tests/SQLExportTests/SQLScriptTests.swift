import Plan
import SQLExport
import Testing

/// What the script says; that it means what the engine does is compared by Tests/Interoperability/duckdb_features.py.
@Suite struct SQLScriptTests {
    private static let hour: Int64 = 3_600_000_000

    private func plan(disorder: Int64 = 0) -> PipelinePlan {
        var plan = PipelinePlan(
            name: "t",
            schema: Schema(fields: [
                Field(name: "at", type: .time, role: .time),
                Field(name: "who", type: .text),
                Field(name: "where", path: "place.name", type: .text),
                Field(name: "x", type: .number),
                Field(name: "flag", type: .bool),
                Field(name: "tags", path: "items[].tag", type: .text),
                Field(name: "unused", type: .text),
            ])
        )
        plan.disorder = disorder
        plan.entities = [Entity(name: "one", key: [.field(1, .text)])]
        return plan
    }

    private func text(_ plan: PipelinePlan, _ format: SQLScript.Source.Format = .jsonl) -> String {
        SQLScript(plan, source: .init(path: "it's.jsonl", format: format)).text
    }

    private func feature(_ expression: Expression) -> String {
        var plan = plan()
        plan.features = [Feature(name: "f", expression: expression)]
        return text(plan)
    }

    @Test func textsAndNamesAreQuoted() {
        let script = feature(.binary(.equal, .field(2, .text), .text("it's \"so\"")))
        #expect(script.contains(#"coalesce("where" = 'it''s "so"', FALSE)"#))
        #expect(script.contains("read_ndjson_objects('it''s.jsonl'"))
        #expect(script.contains(#"coalesce(json->>'$."place"."name"', json->>'$."place.name"') AS "where""#))
    }

    @Test func onlyFieldsThatFeaturesUseAreRead() {
        let script = feature(.field(3, .number))
        #expect(script.contains(#""x""#) && !script.contains("unused") && !script.contains(#""who""#))
    }

    @Test func nullMeansWhatItMeansToTheEngine() {
        let x = Expression.field(3, .number)
        let flag = Expression.field(4, .bool)
        #expect(feature(.binary(.divide, x, .number(0))).contains(#"("x" / nullif(0.0e0, 0))"#))
        #expect(feature(.unary(.not, flag)).contains(#"coalesce(NOT "flag", FALSE)"#))
        #expect(feature(.binary(.and, flag, .bool(true))).contains(#"(coalesce("flag", FALSE) AND TRUE)"#))
        #expect(feature(.isIn(.field(1, .text), texts: [])).contains("CAST(FALSE AS DOUBLE)"))
        #expect(feature(.call(.sqrt, [x])).contains(#"sqrt(CASE WHEN "x" >= 0 THEN "x" END)"#))
        // A condition and a number make a number.
        #expect(feature(.call(.coalesce, [flag, x])).contains(#"coalesce(CAST("flag" AS DOUBLE), "x")"#))
    }

    @Test func numbersAreDoublesAndNegativeOnesHaveBrackets() {
        let script = feature(.binary(.subtract, .number(1e-7), .number(-2)))
        #expect(script.contains("(1e-07 - (-2.0e0))"))
    }

    @Test func windowsAreFramesInOrderAndJoinsOutOfIt() {
        func script(disorder: Int64) -> String {
            var plan = plan(disorder: disorder)
            let window = Window(entity: 0, kind: .sliding(size: Self.hour), delay: 2 * Self.hour)
            plan.aggregates = [Aggregate(window: window, function: .sum, argument: .field(3, .number))]
            plan.features = [Feature(name: "f", expression: .aggregate(0))]
            return text(plan)
        }
        let first = "RANGE BETWEEN (10799999999 * 4294967296::HUGEINT + _tie) PRECEDING"
        let last = "AND (7200000000 * 4294967296::HUGEINT + _tie - 4294967296::HUGEINT + 1) PRECEDING"
        #expect(script(disorder: 0).contains("\(first) \(last)"))
        let join = "b._t <= a._t - 7200000000 AND b._t > a._t - 10800000000"
        #expect(script(disorder: 1).contains(join) && !script(disorder: 1).contains("RANGE"))
    }

    @Test func namesOfItsOwnKeepAwayFromThoseOfTheSchema() {
        var plan = plan()
        plan.schema.fields.append(Field(name: "_t", type: .number))
        plan.features = [Feature(name: "f", expression: .field(7, .number))]
        let script = text(plan)
        #expect(script.contains("AS __t") && script.contains(#"AS "_t""#))
    }
}
