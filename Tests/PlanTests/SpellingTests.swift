import Bytes
import Plan
import TestKit
import Testing

/// How a schema says that its values are spelled.
@Suite struct SpellingTests {
    private static func node(_ value: Any) -> ConfigNode {
        let place = SourcePosition(line: 1, column: 1)
        if let list = value as? [String] { return .list(list.map { node($0) }, place) }
        guard let entries = value as? [(String, Any)] else { return .scalar("\(value)", place, contentColumns: 0) }
        return .map(entries.map { .init(key: $0.0, keyPosition: place, value: node($0.1)) }, place)
    }

    private func plan(_ fields: [(String, Any)], schema: [(String, Any)] = []) throws(PlanError) -> PipelinePlan {
        let time: [(String, Any)] = [("type", "time"), ("role", "time")]
        let all: [(String, Any)] = [("at", time), ("payer", "text")] + fields
        let root: [(String, Any)] = [
            ("name", "test"), ("schema", schema + [("fields", all)] as [(String, Any)]),
            ("entities", [("who", "payer")] as [(String, Any)]),
        ]
        let zone = LocalZone(name: "Europe/Berlin", first: 3600, transitions: [(1_774_746_000, 7200)])
        let zones = ZoneFinder(zone: { $0 == "Europe/Berlin" ? zone : nil }, names: { ["Europe/Berlin"] })
        return try PipelinePlan.parse(Self.node(root), file: "p.yaml", zones: zones)
    }

    private func complaint(_ fields: [(String, Any)], schema: [(String, Any)] = []) -> String {
        do throws(PlanError) {
            _ = try plan(fields, schema: schema)
            return ""
        } catch {
            return error.description
        }
    }

    @Test func aFieldHasTheSchemasSpellingOrItsOwn() throws {
        let own: [(String, Any)] = [("type", "number"), ("numbers", [("decimal", ",")] as [(String, Any)])]
        let schema: [(String, Any)] = [
            ("null_words", ["NULL"]), ("true_words", ["Y"]), ("false_words", ["N"]),
            ("numbers", [("thousands", ","), ("currency", "true")] as [(String, Any)]), ("time_zone", "Europe/Berlin"),
        ]
        let plan = try plan([("amount", "number"), ("rest", own)], schema: schema)
        #expect(
            plan.schema.fields[2].values.numbers.thousands == 0x2C && plan.schema.fields[2].values.numbers.hasCurrency
        )
        #expect(plan.schema.fields[3].values.numbers == .decimalComma)
        #expect(plan.schema.fields.allSatisfy { $0.values.nullWords == WordList(["null"]) })
        #expect(plan.zone.fixedMinutes == nil && plan.times(of: plan.schema.fields[0]).zone == plan.zone)
        #expect(plan.firstReadingDescription.hasPrefix("zone Europe/Berlin 3600 "))
    }

    /// A pipeline that says nothing of it is the pipeline that it was.
    @Test func whatIsNotSaidIsNoPartOfAPipeline() throws {
        let plain = try plan([("amount", "number")])
        #expect(plain.firstReadingDescription.contains("field amount amount number - false - -\n"))
        #expect(plain.firstReadingDescription.hasPrefix("zone 0\n"))
        let spellings: [[(String, Any)]] = [
            [("type", "number"), ("null_words", ["-1"])],
            [("type", "number"), ("numbers", [("accounting", "true")] as [(String, Any)])],
        ]
        for spelling in spellings {
            #expect(try plan([("amount", spelling)]).identity.reading != plain.identity.reading)
        }
        let hours: [(String, Any)] = [("type", "time"), ("unit", "h")]
        let days: [(String, Any)] = [("type", "time"), ("unit", "d")]
        #expect(try plan([("x", hours)]).identity.reading != (try plan([("x", days)]).identity.reading))
    }

    /// An origin without an offset is a local time; what counts from there is time that has gone by.
    @Test func anOriginIsOfTheZone() throws {
        let berlin: [(String, Any)] = [("time_zone", "Europe/Berlin")]
        func instant(_ origin: String, _ value: String, _ schema: [(String, Any)]) throws -> Int64? {
            let field: [(String, Any)] = [("type", "time"), ("origin", origin), ("unit", "d")]
            let plan = try plan([("x", field)], schema: schema)
            let style = plan.times(of: plan.schema.fields[2])
            return Array(value.utf8).withUnsafeBufferPointer { style.instant($0) }.map { $0 / 1_000_000 }
        }
        #expect(try instant("2026-03-28 00:00:00", "0", berlin) == 1_774_652_400)
        #expect(try instant("2026-03-28", "0", berlin) == 1_774_652_400)
        // The clocks are set forward on the 29th: two days later they show 01:00.
        #expect(try instant("2026-03-28", "2", berlin) == 1_774_652_400 + 2 * 86_400)
        #expect(try instant("2026-03-28T00:00:00Z", "0", berlin) == 1_774_656_000)
        #expect(try instant("2026-03-28", "0", [("time_zone", "+02:00")]) == 1_774_648_800)
        #expect(try instant("2026-03-28", "0", []) == 1_774_656_000)
        // A spreadsheet says what the clock shows: midnight of the 28th and of the 31st.
        #expect(try instant("1899-12-30", "46109", berlin) == 1_774_652_400)
        #expect(try instant("1899-12-30", "46112", berlin) == 1_774_652_400 + 3 * 86_400 - 3600)
        #expect(try instant("1899-12-30", "46109", []) == 1_774_656_000)
        // What says no zone is known by what it was known by.
        let days: [(String, Any)] = [("type", "time"), ("origin", "1899-12-30"), ("unit", "d")]
        let words = "field x x time - false - - unit 86400000000000 origin -2209161600000000\n"
        #expect(try plan([("x", days)]).firstReadingDescription.contains(words))
        #expect(try !plan([("x", days)], schema: berlin).firstReadingDescription.contains(words))
    }

    @Test func mistakesAreNamed() {
        func field(_ type: String, _ key: String, _ value: Any) -> [(String, Any)] {
            [("x", [("type", type), (key, value)] as [(String, Any)])]
        }
        #expect(complaint(field("time", "format", "%d/%m")).contains("cannot be read: it has no day, month and year"))
        #expect(complaint(field("number", "format", "%F")).contains("format, unit and origin are for times"))
        #expect(complaint(field("time", "unit", "hours")).contains("unit must be one of ns, us, ms, s, m, h, d"))
        #expect(complaint(field("time", "origin", "long ago")).contains("origin must be a time"))
        #expect(complaint(field("text", "true_words", ["Y"])).contains("true_words and false_words are for bools"))
        #expect(complaint([], schema: [("true_words", ["Y"]), ("false_words", ["y"])]).contains("both true and false"))
        let same: [(String, Any)] = [("decimal", ","), ("thousands", ",")]
        #expect(complaint(field("number", "numbers", same)).contains("cannot be the same"))
        #expect(complaint([], schema: [("time_zone", "Europe/Berln")]).contains("did you mean \"Europe/Berlin\"?"))
    }
}
