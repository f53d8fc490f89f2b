import Bytes
import HTTPTypes
import Server
import Testing

@Suite struct BodyTests {
    private func parse(_ text: String) throws -> JSONValue { try RequestBody.value(Array(text.utf8)) }

    @Test(arguments: [
        "", " ", "{", #"{"a":1,}"#, "[1,]", #"{"a":1}{"#, #"{"a":01}"#, #"{"a":+1}"#, #"{a:1}"#, "{'a':1}", "nul",
        "NaN",
        #"{"a":"\n"}"#.replacing(#"\n"#, with: "\n"), "/* */{}", #""\ud800""#, "1e999",
        String(repeating: "[", count: 100),
    ])
    func whatIsNoJSONIsRefused(text: String) throws {
        let error = try #require(throws: Problem.self) { try parse(text) }
        #expect(error.status == .badRequest && error.detail != nil)
    }

    @Test func aRepeatedKeyIsNamed() throws {
        for (text, pointer) in [
            (#"{"a":1,"a":1}"#, "/a"), (#"{"a":{"b/c":1,"b\/c":2}}"#, "/a/b~1c"), (#"[{},{"x":1,"\u0078":2}]"#, "/1/x"),
        ] {
            let error = try #require(throws: Problem.self) { try parse(text) }
            #expect(error.errors?.map(\.pointer) == [pointer])
        }
        #expect(try parse(#"{"a":{"b":1},"c":{"b":1}}"#)["c"]?["b"] == .number(1))
    }

    @Test func textThatIsNoUTF8IsRefused() {
        #expect(throws: Problem.self) { try RequestBody.value([0x22, 0xFF, 0x22]) }
    }

    @Test func theTypeIsJSON() {
        for type in ["application/json", "Application/JSON; charset=utf-8", #"application/json;charset="UTF-8""#] {
            #expect(RequestBody.isJSON(type), "\(type)")
        }
        for type in [
            nil, "", "text/plain", "application/jsonx", "application/json; charset=latin1", "application/json;x",
        ] {
            #expect(!RequestBody.isJSON(type), "\(type ?? "none")")
        }
    }

    @Test func aChangeIsPartial() throws {
        let all = try TriageRequest.change(
            parse(#"{"status":"closed","assignee":"ana","note":"two\nlines","author":"bo"}"#)
        )
        #expect(all.status == "closed" && all.assignee == "ana" && all.note == "two\nlines" && all.author == "bo")
        let taken = try TriageRequest.change(parse(#"{"assignee":null}"#))
        #expect(taken.assignee == "" && taken.status == nil && taken.note == nil && taken.author == "api")
    }

    @Test(arguments: [
        (#"{"status":"shut"}"#, "/status"), (#"{"status":1}"#, "/status"), (#"{"status":null}"#, "/status"),
        (#"{"note":""}"#, "/note"), (#"{"note":7}"#, "/note"), (#"{"assignee":"a\u0000"}"#, "/assignee"),
        (#"{"assignee":"a\nb"}"#, "/assignee"), (#"{"note":"x","label":"fraud"}"#, "/label"), ("[]", ""),
        (#"{"note":"x","author":null}"#, "/author"),
    ])
    func aWrongChangeIsNamed(text: String, pointer: String) throws {
        let error = try #require(throws: Problem.self) { try TriageRequest.change(parse(text)) }
        #expect(error.status == .badRequest && error.errors?.map(\.pointer) == [pointer])
    }

    @Test func aChangeChangesSomething() {
        for text in ["{}", #"{"author":"ana"}"#] {
            #expect(throws: Problem.self) { try TriageRequest.change(parse(text)) }
        }
        #expect(throws: Problem.self) { try TriageRequest.label(parse(#"{"note":"x"}"#)) }
        #expect(throws: Problem.self) { try TriageRequest.label(parse(#"{"label":"open"}"#)) }
        #expect(throws: Never.self) { try TriageRequest.label(parse(#"{"label":"regular","note":"x"}"#)) }
    }
}
