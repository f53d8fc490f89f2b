import Server
import Testing

/// What is taken for a request, byte by byte and all at once.
@Suite struct SecurityFramingTests {
    private static let plain = "GET /alerts?limit=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"

    /// Reads a head in pieces of some size.
    private func read(_ text: String, piece: Int = .max) -> Result<RequestHead?, Refusal> {
        var reader = RequestHeadReader()
        var rest = Array(text.utf8)[...]
        do throws(Refusal) {
            while !rest.isEmpty {
                let (head, count) = try Array(rest.prefix(piece)).span.bytes.withUnsafeBytes {
                    (bytes: UnsafeRawBufferPointer) throws(Refusal) in try reader.take(bytes)
                }
                if let head { return .success(head) }
                rest = rest.dropFirst(count)
            }
            return .success(nil)
        } catch {
            return .failure(error)
        }
    }

    private func status(_ text: String) -> Int? {
        let whole = read(text)
        for piece in [1, 3] {
            if case (.failure(let one), .failure(let other)) = (whole, read(text, piece: piece)) {
                #expect(one == other)
            }
        }
        guard case .failure(let refusal) = whole else { return nil }
        return refusal.status
    }

    @Test(arguments: [1, 2, 7, .max])
    func aPlainRequestIsTaken(_ piece: Int) throws {
        let head = try #require(try read(Self.plain, piece: piece).get())
        #expect(head.method == "GET")
        #expect(head.target == "/alerts?limit=1")
        #expect(head.path == "/alerts")
        #expect(!head.hasBody)
        #expect(!head.wantsClose)
        #expect(String(decoding: head.bytes, as: UTF8.self) == Self.plain)
    }

    @Test func whatIsForTheConnectionIsNotPassedOn() throws {
        let text =
            "POST /events HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, Close\r\nUpgrade: h2c\r\n"
            + "HTTP2-Settings: AAMA\r\nExpect: 100-Continue\r\nContent-Length:  7 \r\n\r\n"
        let head = try #require(try read(text).get())
        #expect(head.framing == .length(7))
        #expect(head.expectsContinue)
        #expect(head.wantsClose)
        let passed = "POST /events HTTP/1.1\r\nHost: a\r\nContent-Length:  7 \r\nConnection: close\r\n\r\n"
        #expect(String(decoding: head.bytes, as: UTF8.self) == passed)
    }

    @Test(arguments: [
        ("GET /\r\n", 400), ("GET / HTTP/1.0\r\n", 505), ("GET / HTTP/2.0\r\n", 505), ("PRI * HTTP/2.0\r\n", 505),
        ("GET / HTTP/1.1 \r\n", 400), ("GET  / HTTP/1.1\r\n", 400), (" GET / HTTP/1.1\r\n", 400), ("\r\n", 400),
        ("GET / http/1.1\r\n", 400), ("get / HTTP/1.1\r\n", 501), ("BREW / HTTP/1.1\r\n", 501),
        ("G(T / HTTP/1.1\r\n", 400),
        ("CONNECT localhost:80 HTTP/1.1\r\n", 501), ("GET http://localhost/ HTTP/1.1\r\n", 400),
        ("GET * HTTP/1.1\r\n", 400),
        ("GET localhost:80 HTTP/1.1\r\n", 400), ("GET //evil.example/ HTTP/1.1\r\n", 400),
        ("GET /a#b HTTP/1.1\r\n", 400),
        ("GET /a\\b HTTP/1.1\r\n", 400), ("GET /%zz HTTP/1.1\r\n", 400), ("GET /%4 HTTP/1.1\r\n", 400),
        ("GET /\u{e9} HTTP/1.1\r\n", 400), ("GET / HTTP/1.1\n", 400), ("GET /\r HTTP/1.1\r\n", 400),
        ("GET /\0 HTTP/1.1\r\n", 400), ("\u{16}\u{3}\u{1}", 400),
    ])
    func badFirstLinesAreRefused(_ line: String, _ wanted: Int) {
        #expect(status(line + "Host: a\r\n\r\n") == wanted, "\(line)")
    }

    @Test(arguments: [
        "Host: b\r\n", "Content-Length: 1\r\nContent-Length: 1\r\n", "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 1, 1\r\n", "Content-Length: +1\r\n",
        "Content-Length: -1\r\n", "Content-Length: 0x1\r\n", "Content-Length: \r\n", "Content-Length: 1 1\r\n",
        "Content-Length: 99999999999999999999\r\n", "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding : chunked\r\n", "A\r\n", ": a\r\n", " folded\r\n", "\tfolded\r\n", "A B: c\r\n",
        "A: b\u{1}\r\n",
        "A: b\0\r\n", "A: b\u{7f}\r\n", "A: b\n", "A: b\rC: d\r\n", "\u{e9}: a\r\n",
    ])
    func badFieldsAreRefused(_ fields: String) {
        #expect(status("POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n") == 400, "\(fields)")
    }

    @Test func oneHostNoMoreNoLess() {
        #expect(status("GET / HTTP/1.1\r\n\r\n") == 400)
        #expect(status("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n") == 400)
        #expect(status("GET / HTTP/1.1\r\nHost: a\r\n\r\n") == nil)
    }

    @Test func onlyMethodsWithBodiesHaveOne() {
        #expect(status("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n") == 400)
        #expect(status("HEAD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n") == 400)
        #expect(status("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n") == nil)
    }

    @Test func headsHaveALimit() {
        let start = "GET / HTTP/1.1\r\nHost: a\r\n"
        let fields = { (count: Int) in (0..<count).map { "F\($0): 1\r\n" }.joined() }
        #expect(status(start + fields(99) + "\r\n") == nil)
        #expect(status(start + fields(100) + "\r\n") == 431)
        #expect(status(start + "A: " + String(repeating: "a", count: RequestHead.bytesMax) + "\r\n\r\n") == 431)
        #expect(status("GET /" + String(repeating: "a", count: 9000) + " HTTP/1.1\r\nHost: a\r\n\r\n") == 414)
        #expect(status("GET /" + String(repeating: "a", count: 8000) + " HTTP/1.1\r\nHost: a\r\n\r\n") == nil)
        // Without an end in sight as well.
        #expect(status(String(repeating: "a", count: 9000)) == 414)
        #expect(status(start + String(repeating: "a", count: RequestHead.bytesMax)) == 431)
        #expect(status("GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n") == 417)
    }

    // MARK: - Bodies

    /// Follows a body in pieces; how many bytes belong to it, or -1 while it is not whole.
    private func follow(
        _ text: String,
        _ framing: RequestHead.Framing,
        limit: Int = 100,
        piece: Int
    ) throws(Refusal) -> Int {
        var reader = try BodyReader(framing, limit: limit)
        var rest = Array(text.utf8)[...]
        var total = 0
        while !rest.isEmpty, !reader.isDone {
            let count = try Array(rest.prefix(piece)).span.bytes.withUnsafeBytes {
                (bytes: UnsafeRawBufferPointer) throws(Refusal) in try reader.take(bytes)
            }
            total += count
            rest = rest.dropFirst(count)
        }
        return reader.isDone ? total : -1
    }

    @Test(arguments: [1, 2, 5, 100])
    func bodiesEndWhereTheySay(_ piece: Int) throws {
        #expect(try follow("0123456789", .length(4), piece: piece) == 4)
        #expect(try follow("012", .length(4), piece: piece) == -1)
        #expect(try follow("", .length(0), piece: piece) == 0)
        #expect(try follow("3\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\nGET /", .chunked, piece: piece) == 29)
        #expect(try follow("3\r\nabc\r\n0\r\n", .chunked, piece: piece) == -1)
    }

    @Test(arguments: [
        "\r\n", "g\r\n", " 3\r\nabc\r\n", "3 \r\nabc\r\n", "3;a=b\r\nabc\r\n", "0x3\r\nabc\r\n", "+3\r\nabc\r\n",
        "-3\r\n", "3\nabc\n",
        "3\r\nabcd\r\n", "3\r\nabc\n", "3\r\nabcX", "0\r\nA: b\r\n\r\n", "000000003\r\nabc\r\n", "3\rabc",
    ])
    func badChunksAreRefused(_ text: String) {
        for piece in [1, 100] {
            do throws(Refusal) {
                let count = try follow(text, .chunked, piece: piece)
                Issue.record("\(text) is taken: \(count)")
            } catch {
                #expect(error.status == 400)
            }
        }
    }

    @Test func bodiesHaveALimit() {
        let tooLarge: (String, RequestHead.Framing) -> Bool = { text, framing in
            do throws(Refusal) {
                _ = try follow(text, framing, limit: 10, piece: 3)
                return false
            } catch {
                return error.status == 413
            }
        }
        #expect(tooLarge("", .length(11)))
        #expect(!tooLarge("", .length(10)))
        #expect(tooLarge("b\r\n", .chunked))
        #expect(tooLarge("8\r\n01234567\r\n3\r\n", .chunked))
        #expect(tooLarge("ffffffff\r\n", .chunked))
        #expect(!tooLarge("8\r\n01234567\r\n2\r\n01\r\n0\r\n\r\n", .chunked))
    }
}
