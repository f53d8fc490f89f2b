import Foundation
import Server
import TestKit
import Testing

/// The server's own description says of every route what the rules say, and no other.
@Suite struct RouteRulesTests {
    private let rules = RouteRules(eventBytes: 16 << 20)

    private func paths() throws -> [String: [String: Any]] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/../../Data/api/openapi.json"
        let text = try Data(contentsOf: URL(fileURLWithPath: file))
        let document = try #require(try JSONSerialization.jsonObject(with: text) as? [String: Any])
        return try #require(document["paths"] as? [String: [String: Any]])
    }

    @Test func theDescriptionIsTheRules() throws {
        var described: [String: RouteRule] = [:]
        for (path, methods) in try paths() {
            for (method, value) in methods where method != "parameters" {
                let operation = try #require(value as? [String: Any])
                var rule = RouteRule(method.uppercased(), path)
                // An empty list of what has to be shown is none.
                rule.isOpen = (operation["security"] as? [Any])?.isEmpty == true
                if let body = operation["requestBody"] as? [String: Any] {
                    let types = try #require(body["content"] as? [String: Any]).keys.sorted()
                    let size = try #require(body["x-bytes-max"] as? Int, "\(method) \(path)")
                    rule.body = RouteRule.Body(bytesMax: size, types: types, mayBePacked: path == "/events")
                }
                described["\(rule.method) \(path)"] = rule
            }
        }
        #expect(rules.rules.count == described.count)
        for rule in rules.rules { #expect(described["\(rule.method) \(rule.path)"] == rule) }
    }

    @Test func aPathIsFoundByItsParts() {
        #expect(rules.rule("GET", "/alerts/17")?.path == "/alerts/{id}")
        #expect(rules.rule("HEAD", "/health")?.isOpen == true)
        #expect(rules.rule("POST", "/alerts/17/label")?.body?.bytesMax == 1 << 20)
        #expect(rules.body("POST", "/predict/batch").bytesMax == 8 << 20)
        #expect(rules.methods("/simulations/x") == ["DELETE", "GET"])
        // What is written otherwise is another path: no way around the gate leads through it.
        for path in ["/health/", "//health", "/assets/", "/assets/a/b", "/Health", "/he%61lth", "/alerts//label", ""] {
            #expect(rules.rule("GET", path) == nil, "\(path)")
        }
        #expect(rules.rule("POST", "/health") == nil && rules.rule("GET", "/session") == nil)
    }
}
