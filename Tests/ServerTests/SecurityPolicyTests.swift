import Server
import Testing

@Suite struct SecurityPolicyTests {
    @Test(arguments: ["127.0.0.1:8420", "localhost:8420", "LOCALHOST:8420", "[::1]:8420", "box.lan", "box.lan:8420"])
    func ownNamesAreTaken(_ host: String) {
        #expect(HostPolicy(port: 8420, names: ["Box.lan"]).allows(host))
    }

    @Test(arguments: [
        "", "127.0.0.1", "127.0.0.1:8421", "127.0.0.1:8420.evil.example", "evil.example", "evil.example:8420",
        "localhost:8420@evil.example", "127.0.0.1:08420", "127.1:8420", "2130706433:8420", "0.0.0.0:8420", "[::]:8420",
        "localhost.:8420", "user@localhost:8420", "localhost:8420 ", "sub.box.lan",
    ])
    func otherNamesAreNot(_ host: String) {
        #expect(!HostPolicy(port: 8420, names: ["box.lan"]).allows(host))
    }

    @Test func thePortOfHTTPMayBeLeftOut() {
        #expect(HostPolicy(port: 80).allows("localhost"))
        #expect(HostPolicy(port: 80).allows("localhost:80"))
    }

    private func claim(
        _ method: String = "GET",
        _ path: String = "/alerts",
        origin: String? = nil,
        site: String? = nil,
        mode: String? = nil,
        destination: String? = nil
    ) -> OriginPolicy.Claim {
        var claim = OriginPolicy.Claim(method: method, path: path, host: "127.0.0.1:8420")
        claim.origin = origin
        claim.fetchSite = site
        claim.fetchMode = mode
        claim.fetchDestination = destination
        return claim
    }

    @Test func programsAndOurPageAreAllowed() {
        #expect(OriginPolicy.allows(claim()))
        #expect(OriginPolicy.allows(claim(site: "none")))
        #expect(OriginPolicy.allows(claim("POST", origin: "http://127.0.0.1:8420", site: "same-origin")))
    }

    @Test(arguments: ["cross-site", "same-site", "", "SAME-ORIGIN", "same-origin, none"])
    func otherSitesAreNot(_ site: String) {
        #expect(!OriginPolicy.allows(claim(site: site)))
        #expect(!OriginPolicy.allows(claim("POST", origin: "http://127.0.0.1:8420", site: site)))
    }

    @Test(arguments: [
        "null", "http://evil.example", "http://127.0.0.1", "http://127.0.0.1:8421", "http://localhost:8420",
        "http://127.0.0.1:8420/", "http://127.0.0.1:8420.evil.example", "ftp://127.0.0.1:8420", "",
    ])
    func otherOriginsAreNot(_ origin: String) {
        #expect(!OriginPolicy.allows(claim(origin: origin)))
        #expect(!OriginPolicy.allows(claim(origin: origin, site: "same-origin")))
        #expect(!OriginPolicy.provesOwnPage(claim(origin: origin, site: "same-origin")))
    }

    @Test func linksToThePageAreFollowed() {
        for path in ["/", "/docs"] {
            #expect(
                OriginPolicy.allows(claim("GET", path, site: "cross-site", mode: "navigate", destination: "document"))
            )
            #expect(
                !OriginPolicy.allows(claim("POST", path, site: "cross-site", mode: "navigate", destination: "document"))
            )
            #expect(
                !OriginPolicy.allows(claim("GET", path, site: "cross-site", mode: "navigate", destination: "iframe"))
            )
            #expect(!OriginPolicy.allows(claim("GET", path, site: "cross-site", mode: "no-cors", destination: "image")))
        }
        #expect(
            !OriginPolicy.allows(claim("GET", "/alerts", site: "cross-site", mode: "navigate", destination: "document"))
        )
    }

    @Test func aCookieNeedsProofOfThePage() {
        #expect(OriginPolicy.provesOwnPage(claim("POST", origin: "http://127.0.0.1:8420")))
        #expect(OriginPolicy.provesOwnPage(claim("POST", site: "same-origin")))
        #expect(!OriginPolicy.provesOwnPage(claim("POST")))
        #expect(!OriginPolicy.provesOwnPage(claim("POST", site: "none")))
    }
}
