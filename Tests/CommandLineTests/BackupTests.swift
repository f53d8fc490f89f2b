import Foundation
import Testing

/// A backup is what a power cut would have left, whatever goes on while it is made, and says what it lacks.
@Suite struct BackupTests {
    /// What goes on between two files of the copy: two runs, after which no checkpoint is there that was, and a retention.
    enum Moment: String, CaseIterable, Sendable {
        case inTheState, inTheLog, inTheLogWithRetention
    }

    @Test(.enabled(if: Tools.canTrace, "strace is not there, or may not trace"), arguments: Moment.allCases)
    func whatGoesOnMeanwhileLeavesItWhole(moment: Moment) throws {
        let space = try Workspace.withTwoSegments(further: 2000)
        let retain = ["log", "retain", "--bytes", "0", "--data-dir", "d"]
        if moment != .inTheLogWithRetention { try space.run(retain) }
        let folder = (moment == .inTheState ? "state" : "log") + "/patternalarm-0"
        let names = try FileManager.default.contentsOfDirectory(atPath: space.path("d/" + folder)).sorted()
        let name = try #require(names.first { moment == .inTheState || $0.hasSuffix(".log") })
        func goOn(in directory: String) throws -> String? {
            var digest: String?
            for file in ["3.jsonl", "4.jsonl"] {
                let result = try space.run(["replay", file, "-q", "--batch-size", "64", "--data-dir", directory])
                #expect(result.status == 0 && !result.err.contains("no checkpoint"), "\(result.err)")
                digest = result.digest
            }
            return digest
        }
        var digest: String?
        let backup = try space.run(
            ["backup", "copy", "--data-dir", "d"],
            stoppedAt: "copy.unfinished/\(folder)/\(name)"
        ) {
            digest = try goOn(in: "d")
            guard moment == .inTheLogWithRetention else { return }
            #expect(try space.run(retain).err.contains("2 segments removed"))
        }
        #expect(backup.status == 0 && digest != nil, "\(backup.err)")
        #expect(backup.err.contains("copied again") == (moment == .inTheLogWithRetention), "\(backup.err)")
        try #require(try space.run(["restore", "copy", "--data-dir", "r"]).status == 0)
        let restored = try space.run(["verify", "--deep", "-q", "--data-dir", "r"])
        #expect(restored.status == 0, "\(restored.err)")
        #expect(try goOn(in: "r") == digest)
        #expect(try space.run(["verify", "--deep", "-q", "--data-dir", "r"]).status == 0)
    }

    private func replayed() throws -> Workspace {
        let space = try Workspace()
        try space.run(["simulate", "--events", "3000", "--out", "e.jsonl", "--seed", "5"])
        try #require(try space.run(["replay", "e.jsonl", "-q", "--data-dir", "d"]).status == 0)
        return space
    }

    /// With and without a manifest that would miss it.
    @Test(arguments: ["log/holdout-0/00000000000000000000.log", "state/holdout-0/checkpoint-00000001"])
    func aFolderInAFilesPlaceIsTold(place: String) throws {
        let space = try Workspace()
        try space.script("mkdir -p d/log d/\(place)")
        let result = try space.run(["backup", "copy", "--data-dir", "d"])
        #expect(result.status == 7 && result.err.contains("\(place) is a folder, not a file"), "\(result.err)")
    }

    @Test func aMissingAlertsFileIsTold() throws {
        let space = try replayed()
        try space.script("rm d/alerts.sqlite*")
        let missed = try space.run(["backup", "copy", "--data-dir", "d"])
        #expect(missed.status == 7 && missed.err.contains("alerts.sqlite is not there"), "\(missed.err)")
        #expect(missed.err.contains("bytes, no alerts file; restore with"), "\(missed.err)")
        // Where nothing says that there ever was one, that is all.
        try space.remove("d/state")
        let never = try space.run(["backup", "other", "--data-dir", "d"])
        #expect(never.status == 0 && never.err.contains("bytes, no alerts file; restore with"), "\(never.err)")
    }
}
