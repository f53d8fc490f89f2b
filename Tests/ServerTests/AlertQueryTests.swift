import AlertStore
import Base
import HTTPTypes
import Server
import TestKit
import Testing

@Suite struct AlertQueryTests {
    private let position = AlertPosition(
        score: 0.97,
        lastEventMilliseconds: 1_767_600_379_763,
        id: "7be4e28f0bdec49450be2dc0"
    )

    private func query(_ text: String) throws -> AlertQuery {
        try AlertQuery(QueryParameters(text, known: AlertQuery.parameters), domains: DomainNames(testPlan()))
    }

    @Test func aCursorComesBack() {
        for position in [
            position, AlertPosition(score: 0, lastEventMilliseconds: -5, id: "a"),
            AlertPosition(score: 1, lastEventMilliseconds: .max, id: "f"),
        ] {
            let text = AlertCursor.encode(position, filter: "f")
            #expect(text.utf8.allSatisfy { $0 == 0x2D || $0 == 0x5F || (0x30...0x7A).contains($0) })
            #expect(AlertCursor.decode(text, filter: "f") == position)
            #expect(AlertCursor.decode(text, filter: "g") == nil)
        }
    }

    /// Whatever is done to a cursor, it is refused or has a position that may be.
    @Test func aBrokenCursorIsRefused() {
        let text = AlertCursor.encode(position, filter: "f")
        for count in 0..<33 { #expect(AlertCursor.decode(String(text.prefix(count)), filter: "f") == nil) }
        for wrong in ["", "=", "a", "%%%%", text + "=", text + " ", text.replacing("0", with: "+"), "ü" + text]
        where wrong != text {
            #expect(AlertCursor.decode(wrong, filter: "f") == nil, "\(wrong)")
        }
        var random = Seeded(seed: 1)
        for _ in 0..<2000 {
            var bytes = Array(text.utf8)
            bytes[random.below(bytes.count)] = Array("ABCabc019-_".utf8)[random.below(11)]
            let found = AlertCursor.decode(String(decoding: bytes, as: UTF8.self), filter: "f")
            if let found { #expect((0...1).contains(found.score)) }
        }
    }

    @Test func theParametersBecomeAFilter() throws {
        let found = try query(
            "severity=high&type=a%20b&actor=x+y&status=open&label=none&activation=3&min_score=0.5&order=score&limit=7"
                + "&from=2026-01-05T09:00:00%2B01:00&to=2026-01-05T09:00:00+01:00&domain=all"
        ).filter
        #expect(found.severity == "high" && found.type == "a b" && found.entityKey == "x y" && found.limit == 7)
        #expect(found.status == "open" && found.label == "none" && found.minimumScore == 0.5 && found.order == .score)
        #expect(found.sinceMilliseconds == 1_767_600_000_000 && found.lastEventBeforeMilliseconds == 1_767_600_000_000)
        #expect(found.activation == 3)
        // The plan of the tests tells no domains apart.
        #expect(found.domain == .missing)
        let plain = try query("").filter
        #expect(plain.order == .time && plain.limit == 50 && plain.after == nil)
    }

    @Test func aCursorIsGoodForItsFilterOnly() throws {
        let first = try query("severity=high")
        let cursor = AlertCursor.encode(position, filter: first.words)
        // The length of a page may change.
        #expect(try query("limit=3&severity=high&cursor=\(cursor)").filter.after == position)
        for other in [
            "severity=low", "", "severity=high&order=score", "severity=high&actor=a", "severity=high&activation=1",
        ] {
            let error = #expect(throws: Problem.self) { try query("\(other)&cursor=\(cursor)") }
            #expect(error?.errors?.map(\.parameter) == ["cursor"], "\(other)")
        }
    }

    @Test(arguments: [
        ("colour=red", "colour"), ("severity=worst", "severity"), ("limit=0", "limit"), ("limit=201", "limit"),
        ("limit=+5", "limit"), ("activation=0", "activation"), ("activation=one", "activation"),
        ("limit=5.0", "limit"), ("min_score=1.1", "min_score"), ("min_score=nan", "min_score"),
        ("min_score=", "min_score"), ("from=2026-01-05", "from"), ("from=2026-01-05T08:00:00", "from"),
        ("from=2026-01-05 08:00:00Z", "from"), ("to=2026-02-30T00:00:00Z", "to"), ("type=%zz", "type"),
        ("type=%ff", "type"),
        ("actor=a%00b", "actor"), ("actor=", "actor"), ("status=open&status=open", "status"), ("order=oldest", "order"),
        ("cursor=!", "cursor"),
    ])
    func whatIsWrongIsNamed(text: String, parameter: String) throws {
        let error = try #require(throws: Problem.self) { try query(text) }
        #expect(error.status == .badRequest && error.errors?.map(\.parameter) == [parameter])
    }
}
