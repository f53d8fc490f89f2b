import Foundation
import Testing

/// What the commands say of the definitions that opened an alert.
@Suite struct AlertVersionTests {
    private func prepared() throws -> Workspace {
        let space = try Workspace()
        try space.run(["simulate", "--events", "6000", "--out", "e.jsonl", "--seed", "5"])
        try #require(try space.run(["replay", "e.jsonl", "-q", "--data-dir", "d"]).status == 0)
        return space
    }

    private func list(_ space: Workspace, _ options: String...) throws -> Workspace.Result {
        let result = try space.run(["alerts", "list", "--data-dir", "d"] + options)
        try #require(result.status == 0, "\(result.err)")
        return result
    }

    private func objects(_ space: Workspace, _ options: String...) throws -> [[String: Any]] {
        let result = try space.run(["alerts", "list", "--data-dir", "d", "--format", "jsonl"] + options)
        return try result.lines.map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
    }

    @Test func listsForProgramsHaveVersionAndActivation() throws {
        let space = try prepared()
        let alerts = try objects(space)
        #expect(!alerts.isEmpty)
        for alert in alerts {
            let version = try #require(alert["detector_version"] as? String)
            #expect(version.wholeMatch(of: /[0-9a-f]{12}/) != nil && alert["activation"] as? Int == 1)
        }
        let columns = try #require(try list(space, "--format", "csv").lines.first)
        #expect(columns.hasPrefix("alert_id,severity,") && columns.hasSuffix(",status,detector_version,activation"))
        // A table is for a terminal, which is no wider than it was.
        let table = try #require(try list(space).lines.first)
        #expect(table.hasSuffix("status") && !table.contains("activation"))
        #expect(try objects(space, "--activation", "1").count == alerts.count)
        #expect(try objects(space, "--activation", "2").isEmpty)
        #expect(try space.run(["alerts", "list", "--data-dir", "d", "--activation", "0"]).status == 2)
    }

    @Test func anAlertIsShownWithVersionAndActivation() throws {
        let space = try prepared()
        let first = try #require(try objects(space, "--limit", "1").first)
        let (id, version) = try (
            #require(first["alert_id"] as? String), #require(first["detector_version"] as? String)
        )
        let text = try space.run(["alerts", "show", id, "--data-dir", "d"]).out
        #expect(text.contains("detector fraud_model version \(version), model ") && text.contains(", activation 1\n"))
        let json = try space.run(["alerts", "show", id, "--data-dir", "d", "--format", "json"])
        let shown = try #require(try JSONSerialization.jsonObject(with: json.output) as? [String: Any])
        #expect(shown["detector_version"] as? String == version && shown["activation"] as? Int == 1)
    }

    /// Alerts of before tell no version: that is no difference from what the log gives, another version is one.
    @Test func aFileOfBeforeIsWhatTheLogGives() throws {
        let space = try prepared()
        let verify = ["verify", "--deep", "-q", "--data-dir", "d"]
        let versions = Set(try objects(space).compactMap { $0["detector_version"] as? String })
        _ = try space.ask(Workspace.toVersion5)
        let before = try space.run(verify)
        #expect(before.status == 0, "\(before.out) \(before.err)")
        #expect(try objects(space).allSatisfy { $0["detector_version"] is NSNull && $0["activation"] as? Int == 1 })
        let resumed = try space.run(["replay", "--resume", "-q", "--data-dir", "d"])
        #expect(resumed.status == 0 && !resumed.err.contains("rebuilt"), "\(resumed.err)")
        #expect(try space.run(verify).status == 0)
        let rebuilt = try space.run(["alerts", "rebuild", "-q", "--data-dir", "d"])
        #expect(rebuilt.digest == resumed.digest && rebuilt.digest != nil, "\(rebuilt.err)")
        #expect(Set(try objects(space).compactMap { $0["detector_version"] as? String }) == versions)
        for change in ["detector_version = 'aaaaaaaaaaaa'", "activation = 2"] {
            try space.copy("d", to: "x")
            _ = try space.ask("UPDATE alerts SET \(change)", of: "x/alerts.sqlite")
            let changed = try space.run(["verify", "--deep", "-q", "--data-dir", "x"])
            #expect(changed.status == 1 && changed.err.contains("alerts: "), "\(change): \(changed.err)")
            try space.remove("x")
        }
    }
}
