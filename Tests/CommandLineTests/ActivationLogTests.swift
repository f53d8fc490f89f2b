import Assets
import Base
import Foundation
import TestKit
import Testing

/// The commands of the log beside the topic of activations.
@Suite struct ActivationLogTests {
    /// The built-in pipeline with a rule that is looser.
    static let changed = String(decoding: Assets.bytes("pipelines/patternalarm.yaml") ?? [], as: UTF8.self)
        .replacingOccurrences(of: "amount < 10000) >= 3", with: "amount < 10000) >= 2")

    private static let segment = "d/log/__activations-0/00000000000000000000.log"

    /// A replayed data directory with two activations.
    private func activated() throws -> Workspace {
        let space = try Workspace()
        try space.run(["simulate", "--events", "2000", "--out", "e.jsonl", "--seed", "5"])
        #expect(try space.run(["replay", "e.jsonl", "--data-dir", "d", "-q", "--batch-size", "200"]).status == 0)
        try space.write(Self.changed, "changed.yaml")
        #expect(try space.run(["activate", "--pipeline", "changed.yaml", "--data-dir", "d", "-q"]).status == 0)
        return space
    }

    @Test func itIsListedAndCheckedAndIsNoEvent() throws {
        let space = try activated()
        for verb in ["ls", "stats", "batches"] {
            let result = try space.run(["log", verb, "--data-dir", "d", "--format", "csv"])
            #expect(result.status == 0 && result.out.contains("__activations-0"), "\(verb): \(result.err)")
        }
        #expect(
            try space.run(["log", "verify", "--data-dir", "d"]).out.contains("__activations-0: 1 segments, 2 batches")
        )
        #expect(try space.run(["log", "repair", "--data-dir", "d"]).out.contains("__activations-0: sound"))
        #expect(try space.run(["verify", "--data-dir", "d"]).status == 0)
        #expect(try space.run(["log", "cat", "--data-dir", "d"]).lines.count == 2000)
        #expect(try space.run(["log", "export", "-", "--data-dir", "d"]).lines.count == 2000)
        let stats = try space.run(["stats", "--data-dir", "d", "--format", "json"])
        #expect(stats.out.contains("\"log_events\":2000,\"partitions\":2"), "\(stats.out)")
        #expect(try space.run(["replay", "--resume", "--data-dir", "d", "-q"]).status == 0)
    }

    /// Whatever is asked for, and with force.
    @Test func retentionLeavesItAlone() throws {
        let space = try activated()
        let before = try space.read(Self.segment)
        let retain = ["log", "retain", "--bytes", "0", "--age", "1s", "--force", "--data-dir", "d", "--format", "csv"]
        let result = try space.run(retain)
        #expect(result.status == 0 && !result.out.contains("__activations"))
        #expect(try space.read(Self.segment) == before)
    }

    @Test func damageEndsWithSevenAndSaysWhere() throws {
        let space = try activated()
        try space.flip(Self.segment, at: 100)
        for command in [["verify"], ["log", "verify"], ["log", "repair"]] {
            let result = try space.run(command + ["--data-dir", "d"])
            #expect(result.status == 7, "\(command)")
            #expect((result.out + result.err).contains("log/__activations-0/00000000000000000000.log"), "\(command)")
        }
    }

    @Test func aMissingDefinitionEndsWithSeven() throws {
        let space = try activated()
        let hash = SHA256.hexadecimal(of: Array(Self.changed.utf8))
        try space.remove("d/definitions/pipelines/\(hash).yaml")
        for command in [["verify"], ["backup", "copy"]] {
            let result = try space.run(command + ["--data-dir", "d"])
            #expect(result.status == 7 && result.err.contains("\(hash).yaml is not there"), "\(result.err)")
        }
        #expect(space.exists("copy/log/__activations-0"))
    }
}
