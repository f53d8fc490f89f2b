import Base
import Plan
import TestKit
import Testing

/// A small way to write the nodes that a YAML reader would give: every entry on a line of its own.
private func map(_ entries: [(String, ConfigNode)], line: Int) -> ConfigNode {
    .map(
        entries.enumerated().map { index, entry in
            .init(key: entry.0, keyPosition: SourcePosition(line: line + index, column: 3), value: entry.1)
        },
        SourcePosition(line: line, column: 3)
    )
}

private func text(_ value: String, line: Int = 1, column: Int = 10) -> ConfigNode {
    .scalar(value, SourcePosition(line: line, column: column), contentColumns: 0)
}

private func pipeline(
    features: [(String, String)] = [],
    fields: [(String, ConfigNode)] = [],
    detectors: [ConfigNode] = [],
    extra: [(String, ConfigNode)] = []
) -> ConfigNode {
    let schema: [(String, ConfigNode)] =
        [
            ("id", map([("type", text("text")), ("role", text("id"))], line: 3)),
            ("at", map([("type", text("time")), ("role", text("time"))], line: 4)),
            ("actor_id", text("text")),
            ("amount", map([("type", text("number")), ("role", text("amount"))], line: 6)),
            ("country", text("text")),
            ("items", map([("type", text("text")), ("path", text("cart[].name"))], line: 8)),
            ("truth", map([("type", text("text")), ("role", text("label"))], line: 9)),
        ] + fields
    return map(
        [
            ("name", text("test")),
            ("schema", map([("fields", map(schema, line: 3))], line: 2)),
            (
                "lists",
                map([("risky", .list([text("KY"), text("PA")], SourcePosition(line: 12, column: 3)))], line: 12)
            ),
            ("entities", map([("actor", text("actor_id"))], line: 14)),
            ("features", map(features.enumerated().map { ($1.0, text($1.1, line: 20 + $0)) }, line: 20)),
            ("detectors", .list(detectors, SourcePosition(line: 60, column: 3))),
        ] + extra,
        line: 1
    )
}

private func parse(_ expression: String) throws -> Expression {
    try PipelinePlan.parse(pipeline(features: [("f", expression)]), file: "p.yaml").features[0].expression
}

/// The messages of a pipeline that must be refused.
private func complaints(_ node: ConfigNode) -> [String] {
    do throws(PlanError) {
        _ = try PipelinePlan.parse(node, file: "p.yaml")
        return []
    } catch {
        return error.diagnostics.map(\.description)
    }
}

@Suite struct ExpressionTests {
    @Test func precedenceIsTheUsualOne() throws {
        let amount = Expression.field(3, .number)
        #expect(
            try parse("amount + 2 * amount > 10 and not country == \"US\" or amount is null")
                == .binary(
                    .or,
                    .binary(
                        .and,
                        .binary(.greater, .binary(.add, amount, .binary(.multiply, .number(2), amount)), .number(10)),
                        .unary(.not, .binary(.equal, .field(4, .text), .text("US")))
                    ),
                    .call(.isNull, [amount])
                )
        )
    }

    @Test func otherSpellingsMeanTheSame() throws {
        #expect(try parse(":amount: > 5 && country <> 'US'") == parse("amount > 5 and country != \"US\""))
        #expect(try parse("$amount = 5 || !(amount > 1)") == parse("amount == 5 or not (amount > 1)"))
        #expect(try parse("country in @risky") == parse("country in [\"KY\", \"PA\"]"))
    }

    @Test func windowsAreSharedAndRead() throws {
        let plan = try PipelinePlan.parse(
            pipeline(features: [
                ("a", "count(actor, 5m, amount > 2000)"),
                ("b", "count(actor, 5m, amount > 2000) / count(session(actor, 90s))"),
                ("c", "max(actor, 7d, amount)"),
                ("d", "mean(tumbling(actor, 1h), country == \"US\")"),
            ]),
            file: "p.yaml"
        )
        #expect(plan.aggregates.count == 4)
        #expect(plan.aggregates[0].window == Window(entity: 0, kind: .sliding(size: 300_000_000)))
        #expect(plan.aggregates[1].window == Window(entity: 0, kind: .session(gap: 90_000_000)))
    }

    @Test func delayComesAfterTheArguments() throws {
        let plan = try PipelinePlan.parse(
            pipeline(features: [("c", "sum(actor, 7d, amount delay 7d) excluding current")]),
            file: "p.yaml"
        )
        #expect(
            plan.aggregates
                == [
                    Aggregate(
                        window: Window(entity: 0, kind: .sliding(size: 604_800_000_000), delay: 604_800_000_000),
                        function: .sum,
                        argument: .field(3, .number),
                        excludesCurrent: true
                    )
                ]
        )
    }

    @Test func labelsReachFeaturesOnlyWhenTheyAreKnown() throws {
        let known = map(
            [("type", text("number")), ("role", text("label")), ("known_after", text("7d"))],
            line: 10
        )
        func judged(_ expression: String) -> [String] {
            complaints(pipeline(features: [("f", expression)], fields: [("fraud", known)]))
        }
        #expect(judged("mean(actor, 1d, fraud delay 7d)").isEmpty)
        #expect(judged("share(actor, 1d, fraud == 1 delay 30d)").isEmpty)
        #expect(
            judged("mean(actor, 1d, fraud delay 6d)") == [
                "p.yaml:20:26: error: \"fraud\" is known 7d after the event: the window must be delayed by at least that; "
                    + "did you mean \"delay 7d\"?"
            ]
        )
        #expect(judged("mean(actor, 1d, fraud)").count == 1)
        #expect(judged("fraud + mean(actor, 1d, fraud delay 7d)").count == 1)
        #expect(judged("mean(actor, 1d, if(truth == \"x\", 1, 0) delay 7d)").first?.contains("known_after: 7d") == true)
    }

    @Test func featuresMayUseLaterOnes() throws {
        let plan = try PipelinePlan.parse(pipeline(features: [("a", "b + 1"), ("b", "amount")]), file: "p.yaml")
        #expect(plan.features.map(\.name) == ["b", "a"])
        #expect(plan.features[1].expression == .binary(.add, .feature(0, .number), .number(1)))
    }

    /// Random characters and tokens: an error or a plan, never a trap.
    @Test func noTextTraps() {
        var random = Seeded(seed: 5)
        let words = [
            "amount", "(", ")", "count", ",", "actor", "5m", "and", "not", "in", "[", "]", "\"", "@risky", "1e9", "-",
            "is", "null", "session", ":", "$", "é", "delay",
        ]
        for _ in 0..<5000 {
            let text = (0..<random.below(14)).map { _ in words[random.below(words.count)] }.joined(
                separator: random.below(2) == 0 ? " " : ""
            )
            _ = complaints(pipeline(features: [("f", text)]))
        }
        _ = complaints(pipeline(features: [("f", String(repeating: "(", count: 100_000))]))
        _ = complaints(pipeline(features: [("f", String(repeating: "not ", count: 100_000))]))
        _ = complaints(pipeline(features: [("f", String(repeating: "-", count: 100_000))]))
    }
}

@Suite struct DiagnosticTests {
    struct Mistake: Sendable, CustomTestStringConvertible {
        var expression: String
        var complaint: String
        var testDescription: String { expression }
    }

    @Test(arguments: [
        Mistake(
            expression: "amout + 1",
            complaint: "p.yaml:20:10: error: there is no field or feature \"amout\"; did you mean \"amount\"?"
        ),
        Mistake(
            expression: "1 + coutn(actor, 5m)",
            complaint: "p.yaml:20:14: error: there is no function \"coutn\"; did you mean \"count\"?"
        ),
        Mistake(
            expression: "count(acter, 5m)",
            complaint: "p.yaml:20:16: error: there is no entity \"acter\"; did you mean \"actor\"?"
        ),
        Mistake(
            expression: "count(actor, 0s)",
            complaint: "p.yaml:20:23: error: a window must be longer than 0 s, such as 5m or 30d"
        ),
        Mistake(
            expression: "truth == \"x\"",
            complaint:
                "p.yaml:20:10: error: \"truth\" is a label: no feature, rule or entity may read it, only training and evaluation, and a window that is delayed until it is known"
        ),
        Mistake(
            expression: "country",
            complaint:
                "p.yaml:20:10: error: a number is needed here, this is a text; compare it (x == \"a\") to get a condition, or give its kinds "
                + "numbers: category(x, \"A\", \"B\")"
        ),
        Mistake(
            expression: "country > 5",
            complaint:
                "p.yaml:20:10: error: a number is needed here, this is a text; compare it (x == \"a\") to get a condition, or give its kinds "
                + "numbers: category(x, \"A\", \"B\")"
        ),
        Mistake(
            expression: "amount == \"5\"",
            complaint: "p.yaml:20:17: error: a number cannot be compared with a text"
        ),
        Mistake(
            expression: "country in @risk",
            complaint: "p.yaml:20:21: error: there is no list \"@risk\"; did you mean \"@risky\"?"
        ),
        Mistake(
            expression: "count(actor, 5m, amount)",
            complaint: "p.yaml:20:27: error: a condition is needed here, this is a number"
        ),
        Mistake(expression: "sum(actor, 5m)", complaint: "p.yaml:20:10: error: sum(…) needs a value after the window"),
        Mistake(expression: "amount +", complaint: "p.yaml:20:18: error: a value is missing before the end"),
        Mistake(expression: "(amount", complaint: "p.yaml:20:17: error: \")\" is missing before the end"),
        Mistake(
            expression: "count(actor, 5q)",
            complaint: "p.yaml:20:23: error: unknown unit of time \"q\": use ms, s, m, h, d or w"
        ),
        Mistake(
            expression: "items",
            complaint: "p.yaml:20:10: error: a number is needed here, this is a list; try length(…) or share(…)"
        ),
    ])
    func saysWhereAndWhat(mistake: Mistake) {
        #expect(complaints(pipeline(features: [("f", mistake.expression)])) == [mistake.complaint])
    }

    @Test func findsTwoOfOneName() {
        #expect(
            complaints(pipeline(features: [("f", "amount"), ("f", "1")])) == [
                "p.yaml:21:3: error: there are two features \"f\""
            ]
        )
        #expect(
            complaints(pipeline(fields: [("amount", text("text"))])).contains {
                $0.contains("there are two fields \"amount\"")
            }
        )
    }

    @Test func findsCircles() {
        let found = complaints(pipeline(features: [("a", "b"), ("b", "c + 1"), ("c", "a")]))
        #expect(found == ["p.yaml:20:3: error: features use each other in a circle: a -> b -> c -> a"])
    }

    @Test func findsUnknownKeysAndTypes() {
        #expect(
            complaints(pipeline(extra: [("featurs", text("x"))])) == [
                "p.yaml:7:3: error: unknown key \"featurs\" in the pipeline file; did you mean \"features\"?"
            ]
        )
        #expect(
            complaints(pipeline(fields: [("x", text("nmber"))])) == [
                "p.yaml:1:10: error: a field's type must be one of number, bool, text, time, json, not \"nmber\"; did you mean \"number\"?"
            ]
        )
    }

    @Test func checksDetectors() {
        func detector(_ entries: [(String, ConfigNode)]) -> [String] {
            complaints(pipeline(detectors: [map(entries, line: 61)]))
        }
        #expect(
            detector([("name", text("d")), ("when", text("amount", line: 62))]) == [
                "p.yaml:62:10: error: a condition is needed here, this is a number"
            ]
        )
        #expect(
            detector([("name", text("d")), ("model", text("m")), ("threshold", text("1.5", line: 63))]) == [
                "p.yaml:63:10: error: threshold must lie between 0 and 1"
            ]
        )
        #expect(detector([("name", text("d"))]) == ["p.yaml:61:3: error: detector d needs a model or a rule (when)"])
        #expect(
            detector([("name", text("d")), ("when", text("amount > 1")), ("entity", text("actr", line: 63))]) == [
                "p.yaml:63:10: error: entity must be one of actor, not \"actr\"; did you mean \"actor\"?"
            ]
        )
    }
}
