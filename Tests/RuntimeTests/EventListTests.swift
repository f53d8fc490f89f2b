import Bytes
import Runtime
import Testing

/// Goal: events are cut out of a body byte for byte, and errors can name the line that a person sees.
@Suite struct EventListTests {
    private func lines(_ text: String) -> EventList { EventList(lines: Array(text.utf8)) }

    private func json(_ text: String) throws -> EventList { try EventList(json: Array(text.utf8)) }

    private func told(_ list: EventList) -> [String] {
        list.entries.map { entry in
            let text = String(decoding: list.bytes[entry.start..<entry.start + entry.count], as: UTF8.self)
            return "\(entry.line):\(text)"
        }
    }

    @Test func oneEventALine() {
        #expect(told(lines("{}\n[]\n")) == ["1:{}", "2:[]"])
        #expect(told(lines("{}\n[]")) == ["1:{}", "2:[]"])
        #expect(lines("").count == 0 && lines("\n").count == 0)
    }

    @Test func linesMayEndAsOnWindows() {
        #expect(told(lines("{}\r\n[]\r\n")) == ["1:{}", "2:[]"])
        #expect(told(lines("{}\r")) == ["1:{}"])
        // One carriage return belongs to the line's end; what is before it does not.
        #expect(told(lines("a\r\r\nb")) == ["1:a\r", "2:b"])
    }

    @Test func blankLinesCountAndAreNoEvents() {
        #expect(told(lines("\n  \t\n\r\n{}\n\n \n[]")) == ["4:{}", "7:[]"])
        #expect(lines(" \n\r\n\t").count == 0)
    }

    @Test func whatALineHoldsIsNotTouched() {
        let text = "  {\"a\" : 1} \nnot json\n\u{FEFF}x\0y"
        #expect(told(lines(text)) == ["1:  {\"a\" : 1} ", "2:not json", "3:\u{FEFF}x\0y"])
        #expect(lines(text).byteCount == text.utf8.count)
    }

    @Test func oneObjectIsOneEvent() throws {
        #expect(told(try json(" {\"a\":[1,{\"b\":2}]} ")) == ["1:{\"a\":[1,{\"b\":2}]}"])
    }

    /// An element that is no object is an event all the same: it is rejected with its number, as a line would be.
    @Test func anArrayIsItsElements() throws {
        #expect(told(try json("[]")) == [])
        #expect(told(try json(" [ ] ")) == [])
        #expect(
            told(try json(#"[{"a":1}, 7 ,[{}],"]",null]"#)) == [#"1:{"a":1}"#, "2:7", "3:[{}]", #"4:"]""#, "5:null"]
        )
    }

    /// As shippers send them: one after another, with whatever space between them.
    @Test func objectsMayFollowOneAnother() throws {
        let expected = [#"1:{"a":"}{"}"#, "2:{}", #"3:{"b":[]}"#]
        for space in ["", "\n", "\r\n", " \t", "\n\n"] {
            let text = [#"{"a":"}{"}"#, "{}", #"{"b":[]}"#].joined(separator: space)
            #expect(told(try json(text)) == expected)
            #expect(told(try json(text + "\n")) == expected)
        }
    }

    /// A mark in front of the first event belongs to the body, not to the event.
    @Test func aByteOrderMarkSaysNothing() throws {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        #expect(told(EventList(lines: mark + Array("{}\n[]".utf8))) == ["1:{}", "2:[]"])
        #expect(told(try EventList(json: mark + Array("[{},{}]".utf8))) == ["1:{}", "2:{}"])
    }

    /// The log keeps one event a line.
    @Test func linesWithinAnEventBecomeSpaces() throws {
        let list = try json("[\r\n  {\r\n    \"a\": 1,\n    \"b\": \"x\\ny\"\n  },\n  {}\n]\n")
        #expect(told(list) == ["1:{      \"a\": 1,     \"b\": \"x\\ny\"   }", "2:{}"])
        #expect(list.entries.allSatisfy { !list.bytes[$0.start..<$0.start + $0.count].contains(0x0A) })
    }

    /// Within a string a line's end is no space: JSON forbids it, and nothing is made of it.
    @Test(arguments: ["{\"a\":\"x\ny\"}", "[{\"a\":\"x\r\"}]", "{\"a\n\":1}"])
    func aLineEndInAStringIsAFault(text: String) throws {
        let fault = try #require(throws: JSONFault.self) { try json(text) }
        #expect(fault.reason == .controlCharacter)
    }

    @Test(arguments: [
        ("", JSONFault.Reason.unexpectedEnd), ("  ", .unexpectedEnd), ("[", .unexpectedEnd), ("[{}", .unexpectedEnd),
        ("[{},", .unexpectedEnd), ("{\"a\":1", .unexpectedEnd), ("[{},]", .badNumber), ("{}[]", .trailingBytes),
        ("{}\n1", .trailingBytes), ("[]{}", .trailingBytes), ("{}{", .unexpectedEnd), ("[]x", .trailingBytes),
        ("nul", .unexpectedEnd), ("{'a':1}", .unexpectedByte),
        ("{\"a\":\"", .badString), (#"{"a":"\x"}"#, .badEscape), ("[1 2]", .unexpectedByte),
    ])
    func whatIsNoJSONIsAFault(text: String, reason: JSONFault.Reason) throws {
        let fault = try #require(throws: JSONFault.self) { try json(text) }
        #expect(fault.reason == reason, "\(fault.words)")
    }

    @Test func depthIsBounded() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(try json(nested(JSONScanner.depthLimit)).count == 1)
        #expect(throws: JSONFault.self) { try json(nested(100_000)) }
    }
}
