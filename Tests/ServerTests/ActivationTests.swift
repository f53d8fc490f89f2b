import Activations
import Bytes
import Foundation
import HTTPTypes
import Server
import Testing

@Suite struct ActivationRequestTests {
    private static let hash = String(repeating: "a", count: 64)

    private func read(_ text: String) throws -> ActivationRequest {
        try ActivationRequest(RequestBody.value(Array(text.utf8)))
    }

    private func plain(_ file: String, _ query: String = "") throws -> ActivationRequest {
        try ActivationRequest(file: Array(file.utf8), QueryParameters(query, known: ["author", "note"]))
    }

    /// The command line writes what the server reads.
    @Test func whatIsWrittenIsRead() throws {
        let request = ActivationRequest(
            pipeline: "name: a\n",
            models: ["m/1": Self.hash],
            author: "ana",
            note: "why\nso"
        )
        #expect(try read(String(decoding: request.encoded, as: UTF8.self)) == request)
        let back = try read(#"{"rollback":3}"#)
        #expect(back.rollback == 3 && back.pipeline == nil && back.models.isEmpty && back.author == nil)
    }

    @Test(arguments: [
        (#"{"pipeline":""}"#, "/pipeline"), (#"{"pipeline":7}"#, "/pipeline"), (#"{"pipeline":null}"#, "/pipeline"),
        (#"{"models":[]}"#, "/models"), (#"{"models":{"a/b":"x"}}"#, "/models/a~1b"),
        (#"{"rollback":0}"#, "/rollback"), (#"{"rollback":1.5}"#, "/rollback"), (#"{"rollback":"1"}"#, "/rollback"),
        (#"{"rollback":1,"pipeline":"x"}"#, "/rollback"), (#"{"rollback":1,"models":{}}"#, "/rollback"),
        (#"{"rollback":1,"author":"a\nb"}"#, "/author"), (#"{"rollback":1,"mode":"x"}"#, "/mode"), ("[]", ""),
    ])
    func whatIsWrongIsNamed(text: String, pointer: String) throws {
        let error = try #require(throws: Problem.self) { try read(text) }
        #expect(error.status == .badRequest && error.errors?.map(\.pointer) == [pointer])
    }

    @Test func somethingMustBeAskedFor() throws {
        for text in ["{}", #"{"note":"x"}"#, #"{"models":{}}"#] {
            let error = try #require(throws: Problem.self) { try read(text) }
            #expect(error.status == .badRequest && error.detail?.contains("at least one") == true, "\(text)")
        }
    }

    @Test func aFileAsItIs() throws {
        let request = try plain("\u{FEFF}name: a\n", "note=a+b&author=bo")
        #expect(request.pipeline == "name: a\n" && request.note == "a b" && request.author == "bo" && request.isPlain)
        let empty = try #require(throws: Problem.self) { try plain("") }
        #expect(empty.status == .badRequest)
        let unknown = try #require(throws: Problem.self) { try plain("name: a\n", "rollback=1") }
        #expect(unknown.errors?.map(\.parameter) == ["rollback"])
    }

    /// Whatever is described fits into a request's first line.
    @Test func theLongestWordsBesideAFileFitIntoAnAddress() throws {
        func parameters(_ note: Int) -> String {
            let spelled = "%F0%9F%98%80"
            return "author=" + String(repeating: spelled, count: TriageRequest.nameLimit)
                + "&note=" + String(repeating: spelled, count: note)
        }
        let longest = parameters(ActivationRequest.addressNoteLimit)
        #expect("/activations?".utf8.count + longest.utf8.count <= RequestHead.targetMax)
        #expect(try plain("name: a\n", longest).note?.count == ActivationRequest.addressNoteLimit)
        let error = try #require(throws: Problem.self) {
            try plain("name: a\n", parameters(ActivationRequest.addressNoteLimit + 1))
        }
        #expect(error.errors?.map(\.parameter) == ["note"])
    }

    @Test func aPipelineHasAMebibyteAtMost() throws {
        let text = String(repeating: "#", count: ActivationRequest.pipelineMax)
        #expect(try plain(text).pipeline?.utf8.count == ActivationRequest.pipelineMax)
        #expect(try read("{\"pipeline\":\"\(text)\"}").pipeline == text)
        for body in [{ try plain(text + "#") }, { try read("{\"pipeline\":\"\(text)#\"}") }] {
            #expect(try #require(throws: Problem.self) { try body() }.status == .contentTooLarge)
        }
    }

    /// What the command line prints of an answer.
    @Test func anAnswersWordsHaveThePlaces() throws {
        let items = [
            Problem.Item(pointer: "/pipeline", line: 3, column: 7, detail: "no such field"), .init(detail: "odd"),
        ]
        let problem = try JSONEncoder().encode(Problem(.unprocessableContent, "2 mistakes", errors: items))
        #expect(ActivationRequest.words(of: problem) == "2 mistakes\n3:7: no such field\nodd")
        #expect(
            ActivationRequest.words(of: Data(#"{"words":"activation 2: ends: a"}"#.utf8)) == "activation 2: ends: a"
        )
        #expect(ActivationRequest.words(of: Data("<html>".utf8)) == "<html>")
    }
}

@Suite struct ActivationAnswerTests {
    private static let hash = String(repeating: "a", count: 64)

    private func activation(_ number: Int, _ detectors: [String], _ kind: Activation.Kind = .activate) -> Activation {
        Activation(
            number: number,
            kind: kind,
            atMilliseconds: 1_803_974_400_007,
            author: "ana",
            note: "",
            pipeline: "shop",
            pipelineFile: Self.hash,
            pipelineIdentity: Self.hash,
            models: ["m": Self.hash],
            offsets: [1: 9_007_199_254_740_991, 0: 4],
            detectors: detectors.map { .init(name: $0, version: "\(number > 2 ? 2 : 1)", mode: .active) }
        )
    }

    private func history() throws -> ActivationHistory {
        var history = ActivationHistory()
        try history.add(activation(1, ["a", "b"], .begin))
        try history.add(activation(2, ["a", "c"]))
        try history.add(activation(3, ["a"]))
        try history.add(activation(4, ["a"], .begin))
        return history
    }

    private func items(_ value: JSONValue?) -> [JSONValue] {
        if case .list(let items) = value { items } else { [] }
    }

    private func changes(_ activation: JSONValue) -> [String] {
        items(activation["detectors"]).map { "\($0["name"]?.text ?? "") \($0["change"]?.text ?? "")" }
    }

    @Test func eachSaysWhatItDidAndOneIsInForce() throws {
        let list = ActivationAnswer.list(try history(), limit: 10)
        #expect(list["in_force"] == .number(4) && list["total"] == .number(4))
        let all = items(list["activations"])
        #expect(all.map { $0["number"] } == [.number(1), .number(2), .number(3), .number(4)])
        #expect(all.map { $0["in_force"] } == [.bool(false), .bool(false), .bool(false), .bool(true)])
        #expect(
            all.map(changes) == [
                ["a started", "b started"], ["a kept", "c started", "b ended"], ["a changed", "c ended"], ["a started"],
            ]
        )
        #expect(all[1]["words"]?.text == "starts: c; ends: b; 1 goes on as before")
        #expect(all[0]["at"]?.text == "2027-03-02T08:00:00.007Z")
        let offsets = items(all[0]["offsets"])
        #expect(offsets.map { $0["partition"] } == [.number(0), .number(1)])
        #expect(offsets.last?["offset"] == .number(9_007_199_254_740_991))
    }

    @Test func theNewestAreListedAndThoseBefore() throws {
        func numbers(before: Int?, limit: Int) throws -> [JSONValue?] {
            items(ActivationAnswer.list(try history(), before: before, limit: limit)["activations"]).map {
                $0["number"]
            }
        }
        #expect(try numbers(before: nil, limit: 2) == [.number(3), .number(4)])
        #expect(try numbers(before: 3, limit: 2) == [.number(1), .number(2)])
        #expect(try numbers(before: 1, limit: 2).isEmpty)
        // What an activation did does not hang on which of them are listed.
        let second = items(ActivationAnswer.list(try history(), before: 3, limit: 1)["activations"])
        #expect(second.map(changes) == [["a kept", "c started", "b ended"]])
    }

    @Test func nothingIsInForceInAnEmptyHistory() {
        let list = ActivationAnswer.list(ActivationHistory(), limit: 10)
        #expect(list["in_force"] == .null && list["total"] == .number(0) && items(list["activations"]).isEmpty)
    }
}
