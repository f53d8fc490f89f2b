import Foundation
import Server
import Testing

@Suite struct SecurityCredentialTests {
    private let credentials = Credentials(token: "0123456789abcdef")

    @Test func onlyTheTokenItselfIsTheToken() {
        #expect(credentials.isToken("0123456789abcdef"))
        for wrong in ["", "0123456789abcdeF", "0123456789abcde", "0123456789abcdef ", "0123456789abcdef0"] {
            #expect(!credentials.isToken(wrong), "\(wrong)")
        }
    }

    @Test func aCodeOpensOneSession() throws {
        let code = credentials.makeCode(at: .seconds(0))
        let session = try #require(credentials.openSession(code: code, at: .seconds(1)))
        #expect(credentials.isSession(session, at: .seconds(2)))
        #expect(credentials.openSession(code: code, at: .seconds(2)) == nil)
        #expect(!credentials.isSession(code, at: .seconds(2)))
        #expect(!credentials.isToken(session))
        #expect(session.utf8.count == 64)
    }

    @Test func aCodeIsGoodForItsTimeOnly() {
        let short = credentials.makeCode(at: .seconds(0))
        let long = credentials.makeCode(life: Credentials.Limits.firstCodeLife, at: .seconds(0))
        #expect(credentials.openSession(code: short, at: .seconds(60)) == nil)
        #expect(credentials.openSession(code: long, at: .seconds(299)) != nil)
        let other = credentials.makeCode(life: Credentials.Limits.firstCodeLife, at: .seconds(0))
        #expect(credentials.openSession(code: other, at: .seconds(300)) == nil)
    }

    @Test func wrongCodesOpenNothingAndUseNothingUp() {
        let code = credentials.makeCode(at: .seconds(0))
        for _ in 0..<1000 { #expect(credentials.openSession(code: Secret.code(), at: .seconds(1)) == nil) }
        #expect(credentials.openSession(code: "", at: .seconds(1)) == nil)
        #expect(credentials.openSession(code: code, at: .seconds(1)) != nil)
    }

    @Test func theNinthCodeTakesThePlaceOfTheFirst() {
        let codes = (0..<9).map { credentials.makeCode(at: .seconds($0)) }
        #expect(credentials.openSession(code: codes[0], at: .seconds(10)) == nil)
        for code in codes.dropFirst() { #expect(credentials.openSession(code: code, at: .seconds(10)) != nil) }
    }

    @Test func aSessionEndsTwelveHoursAfterItsLastRequest() throws {
        let code = credentials.makeCode(at: .seconds(0))
        let session = try #require(credentials.openSession(code: code, at: .seconds(0)))
        let almost = 12 * 3600 - 1
        #expect(credentials.isSession(session, at: .seconds(almost)))
        #expect(credentials.isSession(session, at: .seconds(2 * almost)))
        #expect(!credentials.isSession(session, at: .seconds(3 * almost + 1)))
        #expect(!credentials.isSession(session, at: .seconds(3 * almost + 2)))
    }

    @Test func aClosedSessionIsClosed() throws {
        let open = { try #require(credentials.openSession(code: credentials.makeCode(at: .zero), at: .zero)) }
        let (one, other) = (try open(), try open())
        credentials.closeSession(one)
        #expect(!credentials.isSession(one, at: .seconds(1)))
        #expect(credentials.isSession(other, at: .seconds(1)))
    }

    @Test func theSessionThatRestedLongestMakesRoom() throws {
        var sessions: [String] = []
        for second in 0..<Credentials.Limits.sessionsMax {
            let code = credentials.makeCode(at: .seconds(second))
            sessions.append(try #require(credentials.openSession(code: code, at: .seconds(second))))
        }
        #expect(credentials.isSession(sessions[0], at: .seconds(100)))
        let code = credentials.makeCode(at: .seconds(101))
        let newest = try #require(credentials.openSession(code: code, at: .seconds(101)))
        #expect(credentials.isSession(sessions[0], at: .seconds(102)))
        #expect(!credentials.isSession(sessions[1], at: .seconds(102)))
        #expect(credentials.isSession(newest, at: .seconds(102)))
    }

    @Test func secretsDiffer() {
        let secrets = Set((0..<1000).map { _ in Secret.hexadecimal(bytes: 32) } + (0..<1000).map { _ in Secret.code() })
        #expect(secrets.count == 2000)
        #expect(Secret.isEqual("abc", "abc"))
        #expect(!Secret.isEqual("abc", "abd"))
        #expect(!Secret.isEqual("abc", "ab"))
    }
}
