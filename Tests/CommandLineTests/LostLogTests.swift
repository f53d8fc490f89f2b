import Foundation
import Testing

/// A data directory of which something is gone, or in which something else has taken a file's place: every command says so
/// at once, with exit code 7 and a way out that is one.
@Suite struct LostLogTests {
    private static let first = "00000000000000000000"

    private func replayed() throws -> (space: Workspace, digest: String) {
        let space = try Workspace()
        try space.run(["simulate", "--events", "3000", "--out", "e.jsonl", "--seed", "5"])
        return (space, try #require(try space.run(["replay", "e.jsonl", "-q", "--data-dir", "d"]).digest))
    }

    private static let looking = [
        ["verify"], ["log", "verify"], ["log", "stats"], ["log", "ls"], ["stats"], ["log", "cat"], ["log", "repair"],
        ["replay", "e.jsonl", "-q"], ["serve", "--port", "18520", "--no-sandbox"],
    ]

    private func files(_ space: Workspace) throws -> [String] {
        try #require(FileManager.default.enumerator(atPath: space.path("d/log"))?.compactMap { $0 as? String }).sorted()
    }

    private func alerts(_ space: Workspace) throws -> [String] {
        try space.run(["alerts", "list", "--format", "csv", "--limit", "100000", "--data-dir", "d"]).lines
    }

    @Test func aPartitionThatIsGoneIsMissedAndCanBePutBackOrGivenUp() throws {
        let (space, digest) = try replayed()
        let count = try space.run(["log", "cat", "--partition", "0", "--data-dir", "d"]).lines.count
        let before = try alerts(space)
        try space.copy("d/log/patternalarm-0", to: "kept")
        try space.remove("d/log/patternalarm-0")
        let left = try files(space)
        for command in Self.looking {
            let result = try space.run(command + ["--data-dir", "d"])
            let told = result.err + result.out
            #expect(result.status == 7, "\(command): \(result.status) \(told)")
            #expect(told.contains("patternalarm-0") && !told.contains("set partitions"), "\(command): \(told)")
            if command != ["log", "repair"] {
                #expect(told.contains("\(count) events") && told.contains("log repair --quarantine"), "\(command)")
            }
            #expect(try files(space) == left, "\(command)")
        }
        let backup = try space.run(["backup", "copy", "--data-dir", "d"])
        #expect(backup.status == 7 && backup.err.contains("log/patternalarm-0 is not there"), "\(backup.err)")
        #expect(space.exists("copy/backup.txt"))

        try space.copy("kept", to: "d/log/patternalarm-0")
        #expect(try space.run(["verify", "--data-dir", "d"]).status == 0)
        #expect(try space.run(["replay", "e.jsonl", "-q", "--data-dir", "d"]).digest == digest)

        try space.remove("d/log/patternalarm-0")
        let repaired = try space.run(["log", "repair", "--quarantine", "--data-dir", "d"])
        #expect(repaired.status == 0 && repaired.out.contains("\(count) records lost"), "\(repaired.out)")
        let sound = try space.run(["log", "verify", "--data-dir", "d"])
        #expect(sound.status == 0 && sound.out.contains("known: offset 0 to \(count - 1) lost"), "\(sound.out)")
        #expect(try space.run(["verify", "--data-dir", "d"]).status == 0)
        #expect(try alerts(space) == before)
        #expect(try space.run(["replay", "--resume", "-q", "--data-dir", "d"]).digest == digest)
    }

    @Test func anOldDirectoryThatLacksAPartitionIsMissedByItsAlerts() throws {
        let (space, _) = try replayed()
        try space.remove("d/log/manifest")
        #expect(try space.run(["verify", "--data-dir", "d"]).status == 0)
        try space.remove("d/log/patternalarm-0")
        let verified = try space.run(["verify", "--data-dir", "d"])
        #expect(verified.status == 7 && verified.err.contains("log/patternalarm-0 is not there"), "\(verified.err)")
        #expect(try space.run(["stats", "--data-dir", "d"]).status == 7)
        #expect(try space.run(["log", "repair", "--quarantine", "--data-dir", "d"]).status == 0)
        #expect(try space.run(["verify", "--data-dir", "d"]).status == 0)
    }

    @Test func aRecordingQueryMissesWhatIsGone() throws {
        let space = try Workspace()
        let events = (0..<300).map { number in
            "{\"domain\":\"d\",\"actor_id\":\"u\(number % 20)\",\"amount\":\(number),"
                + "\"timestamp\":\(1_700_000_000_000 + number * 50),\"device\":\"1\"}\n"
        }
        try space.write(events.joined(), "e.jsonl")
        let query = ["query", "last_5m", "e.jsonl", "--pipeline", "card_stream", "-q", "--record", "w"]
        #expect(try space.run(query).status == 0)
        let folder = try #require(
            FileManager.default.contentsOfDirectory(atPath: space.path("w/log")).first { $0.hasSuffix("-0") }
        )
        try space.remove("w/log/" + folder)
        let missed = try space.run(query)
        #expect(missed.status == 7 && missed.err.contains("log/\(folder) is not there"), "\(missed.err)")
    }

    /// What is no file, or cannot be one of ours, is never waited for.
    @Test func whatIsNoFileIsRefusedAtOnce() throws {
        let (space, _) = try replayed()
        let folder = "d/log/patternalarm-0/"
        let places = [
            (folder + Self.first + ".log", Self.looking),
            (folder + "durable", [["verify"], ["log", "verify"], ["replay", "e.jsonl", "-q"]]),
            (folder + Self.first + ".index", [["verify"], ["log", "verify"], ["replay", "e.jsonl", "-q"]]),
            (folder + Self.first + ".timeindex", [["verify"], ["log", "verify"]]),
            ("d/log/manifest", [["verify"], ["log", "verify"], ["stats"], ["replay", "e.jsonl", "-q"]]),
            ("d/log/consumers/c", [["log", "consumers"], ["log", "retain", "--bytes", "0"]]),
            ("d/alerts.sqlite", [["verify"], ["stats"], ["alerts", "list"], ["replay", "e.jsonl", "-q"]]),
            ("d/lock", [["replay", "e.jsonl", "-q"], ["log", "repair", "--quarantine"]]),
        ]
        try space.run(["log", "cat", "--consumer", "c", "--limit", "1", "--data-dir", "d"])
        for (place, commands) in places {
            for kind in ["mkfifo", "mkdir", "ln -s /dev/zero", "ln -s nowhere"] {
                // A lock that is not there yet is made, wherever it is.
                if kind == "ln -s nowhere", ["d/lock", "d/log/consumers/c"].contains(place) { continue }
                try space.script("mv \(place) kept && \(kind) \(place)")
                for command in commands {
                    let result = try space.run(command + ["--data-dir", "d"], under: ["timeout", "-k", "1", "60"])
                    #expect(result.status == 7, "\(kind) \(place): \(command): \(result.status) \(result.err)")
                }
                try space.script("rm -r \(place) && mv kept \(place)")
            }
        }
        #expect(try space.run(["verify", "--data-dir", "d"]).status == 0)
    }

    @Test func aFileLargerThanAnyCanBeIsRefusedAtOnce() throws {
        let (space, _) = try replayed()
        for name in [Self.first + ".log", "durable", "durable.notes"] {
            let place = "d/log/patternalarm-0/" + name
            try space.script("mv \(place) kept && truncate -s 1T \(place)")
            for command in [["verify"], ["log", "verify"], ["replay", "e.jsonl", "-q"], ["backup", "copy-" + name]] {
                let result = try space.run(command + ["--data-dir", "d"], under: ["timeout", "-k", "1", "60"])
                #expect(result.status == 7, "\(name): \(command): \(result.status) \(result.err)")
            }
            try space.script("rm \(place) && mv kept \(place)")
        }
    }

    @Test func aBackupSaysWhatItLeavesOut() throws {
        let (space, _) = try replayed()
        try space.script("mkfifo d/log/patternalarm-0/pipe && ln -s nowhere d/state/patternalarm-0/link")
        let backup = try space.run(["backup", "copy", "--data-dir", "d"], under: ["timeout", "-k", "1", "60"])
        #expect(backup.status == 7, "\(backup.err)")
        #expect(backup.err.contains("pipe is a named pipe") && backup.err.contains("link is a link to nothing"))
        #expect(try space.run(["restore", "copy", "--data-dir", "r"]).status == 0)
        #expect(try space.run(["verify", "--data-dir", "r"]).status == 0)
    }

    /// A segment that is a pipe, or a folder, can be given up like any other damage: it is moved away.
    @Test func whatIsNoSegmentIsMovedAway() throws {
        let (space, digest) = try replayed()
        let place = "d/log/patternalarm-0/\(Self.first).log"
        try space.script("rm \(place) && mkfifo \(place)")
        let repaired = try space.run(["log", "repair", "--quarantine", "--data-dir", "d"])
        #expect(repaired.status == 0, "\(repaired.out) \(repaired.err)")
        #expect(try space.run(["log", "verify", "--data-dir", "d"]).status == 0)
        #expect(try space.run(["replay", "--resume", "-q", "--data-dir", "d"]).digest == digest)
    }

    /// A batch of another codec, by a header with a right checksum.
    @Test func aBatchThatCannotBeUnpackedIsTold() throws {
        let (space, _) = try replayed()
        let place = "d/log/patternalarm-0/\(Self.first).log"
        var bytes = try space.read(place)
        let start = bytes.startIndex
        let length = bytes[start + 8..<start + 12].reduce(0) { $0 << 8 | Int($1) } + 12
        bytes[start + 22] = 1
        let sum = checksum(Array(bytes[start + 21..<start + length]))
        for index in 0..<4 { bytes[start + 17 + index] = UInt8(truncatingIfNeeded: sum >> UInt32(24 - 8 * index)) }
        try space.write(bytes, place)
        for command in [["verify"], ["log", "verify"], ["log", "cat"]] {
            let result = try space.run(command + ["--data-dir", "d"])
            #expect(result.status == 7, "\(command): \(result.status)")
            #expect(result.err.contains("compressed with gzip, which this program does not read"), "\(result.err)")
            #expect(result.err.contains("log repair --quarantine"))
        }
        #expect(try space.run(["log", "repair", "--quarantine", "--data-dir", "d"]).status == 0)
        #expect(try space.run(["log", "cat", "--data-dir", "d"]).status == 0)
        #expect(try space.run(["log", "verify", "--data-dir", "d"]).status == 0)
    }

    /// CRC-32C, bit by bit.
    private func checksum(_ bytes: [UInt8]) -> UInt32 {
        var sum = UInt32.max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 {
                let isOdd = sum & 1 == 1
                sum >>= 1
                if isOdd { sum ^= 0x82F6_3B78 }
            }
        }
        return ~sum
    }
}
