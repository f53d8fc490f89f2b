import Foundation
import TestKit
import Testing

/// Goal: a refused system call ends the program with exit code 5 and the cause in words, and the next run gives what an
/// undisturbed one does.
///
/// Method: the real executable, one thread, under strace's fault injection at every place in turn; on file systems that are
/// full, read-only or without descriptors; with shifted clocks.
@Suite struct FaultTests {
    private static let replay = ["replay", "e.jsonl", "-q", "--threads", "1", "--data-dir"]

    private func prepared() throws -> (space: Workspace, digest: String) {
        let space = try Workspace()
        try space.run(["simulate", "--events", "600", "--out", "e.jsonl", "--seed", "9"])
        let digest = try #require(try space.run(Self.replay + ["whole"]).digest)
        return (space, digest)
    }

    /// A normal run in the same directory ends as if nothing had been.
    private func recovers(_ space: Workspace, _ digest: String, _ directory: String, _ what: String) throws {
        let again = try space.run(Self.replay + [directory])
        #expect(again.status == 0 && again.digest == digest, "\(what): then \(again.err)")
    }

    enum Fault: String, CaseIterable {
        case syncOnce = "fdatasync:error=EIO:when="
        case syncFromThereOn = "fdatasync:error=EIO:when=+"
        case directorySync = "fsync:error=EIO:when="
        case fullDisk = "pwrite64:error=ENOSPC:when=+"
        case write = "pwrite64:error=EIO:when="
        case read = "pread64:error=EIO:when="
        case truncation = "ftruncate:error=EIO:when="
        case rename = "rename:error=EIO:when="
        case descriptors = "openat:error=EMFILE:when=+"

        var call: String { String(rawValue.prefix { $0 != ":" }) }

        /// strace's words for the fault at the n-th call, or from there on.
        func injection(_ number: Int) -> String {
            rawValue.hasSuffix("+") ? rawValue.dropLast() + "\(number)+" : rawValue + "\(number)"
        }

        /// What the message must name, whoever writes it.
        var words: [String] {
            switch self {
            case .fullDisk: ["No space left", "disk is full", "disk I/O error"]
            case .descriptors: ["Too many open files", "too many files are open", "disk I/O error"]
            case .read: ["Input/output error", "disk I/O error", "the disk cannot read it"]
            default: ["Input/output error", "disk I/O error"]
            }
        }
    }

    @Test(.enabled(if: Tools.canTrace, "strace is not there, or may not trace"), arguments: Fault.allCases)
    func everyRefusedCallIsNamed(fault: Fault) throws {
        let (space, digest) = try prepared()
        let calls = try counted(fault.call, space)
        #expect(calls > 0)
        var failures = 0
        var points = 0
        for number in Self.places(calls) {
            let directory = "f\(number)"
            let inject = [
                "strace", "-f", "-o", "trace", "-e", "trace=" + fault.call, "-e", "inject=" + fault.injection(number),
            ]
            let result = try space.run(Self.replay + [directory], under: inject)
            let what = "\(fault.injection(number)): exit \(result.status), \(result.err)"
            let trace = String(decoding: try space.read("trace"), as: UTF8.self)
            guard trace.contains("INJECTED") else { continue }
            points += 1
            // What SQLite or the loader can do without is no failure; then the result is right.
            if result.status == 0 {
                #expect(result.digest == digest, "\(what)")
            } else if result.status == 127 || fault == .descriptors && result.status == 4 {
                // A library of the system, which a build for tests loads, could not be; or the recording itself.
                #expect(!result.err.isEmpty)
            } else {
                failures += 1
                // SQLite takes a refused read for damage.
                #expect(result.status == 5 || fault == .read && result.status == 7, "\(what)")
                #expect(fault.words.contains { result.err.contains($0) }, "\(what)")
            }
            try recovers(space, digest, directory, what)
            if space.exists(directory) { try space.remove(directory) }
        }
        #expect(failures > 0)
        print(
            "\(fault.rawValue)n: \(points) calls refused, \(failures) of them ended the run; 0 differences afterwards"
        )
    }

    /// The first few, some that are spread over the rest, and the last; all of them with `PATTERNALARM_FAULTS=all`. The calls of
    /// one process are tried one and all by the fault runs of the simulation.
    private static func places(_ calls: Int) -> [Int] {
        let all = Array(1...calls)
        guard ProcessInfo.processInfo.environment["PATTERNALARM_FAULTS"] != "all", calls > 12 else { return all }
        return all.prefix(4) + (1...8).map { 4 + (calls - 4) * $0 / 8 }
    }

    private func counted(_ call: String, _ space: Workspace) throws -> Int {
        let traced = ["strace", "-f", "-o", "count", "-e", "trace=" + call]
        try space.run(Self.replay + ["counted"], under: traced)
        return String(decoding: try space.read("count"), as: UTF8.self).split(separator: "\n").count {
            $0.contains(call + "(")
        }
    }
}

extension FaultTests {
    /// The log is synced as often as was asked for, and the result is the same.
    @Test(.enabled(if: Tools.canTrace, "strace is not there, or may not trace"))
    func theLogIsSyncedAsOftenAsWasAskedFor() throws {
        let (space, digest) = try prepared()
        func syncs(_ durability: String) throws -> Int {
            let more = ["s-" + durability, "--durability", durability, "--batch-size", "20"]
            let traced = ["strace", "-f", "-o", "count", "-e", "trace=fdatasync"]
            let result = try space.run(Self.replay + more, under: traced)
            #expect(result.digest == digest, "\(result.err)")
            return String(decoding: try space.read("count"), as: UTF8.self).split(separator: "\n").count {
                $0.contains("fdatasync(")
            }
        }
        // 600 events, 20 at a time, in two partitions.
        #expect(try syncs("fsync") >= 60)
        #expect(try syncs("os") < 60)
        #expect(try space.run(Self.replay + ["x", "--durability", "now"]).status == 2)
    }

    /// Too little room for bytes or for names, in steps; then the disk is made larger.
    @Test(.enabled(if: Tools.canMount, "not root, or no mount namespaces"))
    func aFullDiskIsNamedAndGivenMoreRoomGoesOn() throws {
        let (space, digest) = try prepared()
        var failures = 0
        for limit in [
            "size=16k", "size=64k", "size=128k", "size=256k", "size=400k", "nr_inodes=4", "nr_inodes=8", "nr_inodes=10",
        ] {
            let result = try space.script(
                """
                mkdir -p full; mount -t tmpfs -o \(limit) none full || exit 99
                "$0" replay e.jsonl -q --threads 1 --data-dir full/d >&2; echo "$?"
                echo "--" >&2
                mount -o remount,size=100m,nr_inodes=1000 full || exit 99
                "$0" replay e.jsonl -q --threads 1 --data-dir full/d >&2; echo "$?"
                """,
                under: ["unshare", "-m"]
            )
            let talk = result.err.components(separatedBy: "--\n")
            let what = "\(limit): \(result.lines) \(result.err)"
            guard talk.count == 2, result.lines.count == 2 else {
                Issue.record("\(what)")
                continue
            }
            if result.lines[0] != "0" {
                failures += 1
                #expect(result.lines[0] == "5", "\(what)")
                #expect(["No space left", "disk is full"].contains { talk[0].contains($0) }, "\(what)")
            }
            #expect(result.lines[1] == "0" && talk[1].contains(digest), "\(what)")
        }
        #expect(failures > 3)
    }

    @Test func fewDescriptorsAreEnoughOrNamed() throws {
        let (space, digest) = try prepared()
        let few = try space.script("ulimit -n 32; exec \"$0\" replay e.jsonl -q --data-dir few")
        #expect(few.status == 0 && few.digest == digest, "\(few.err)")
        let none = try space.script("ulimit -n 5; exec \"$0\" replay e.jsonl -q --data-dir none")
        #expect([4, 5].contains(none.status) && !none.err.isEmpty, "\(none.err)")
    }

    @Test(.enabled(if: getuid() != 0 || Tools.canMount, "root, but no mount namespaces"))
    func aReadOnlyDirectoryIsNamedAndCanStillBeRead() throws {
        let (space, digest) = try prepared()
        var script = "chmod -R a-w whole; trap 'chmod -R u+w whole' EXIT\n"
        var under: [String] = []
        if getuid() == 0 {
            // Root may write everywhere but on a file system that is read-only.
            script = "mount --bind whole whole && mount -o remount,ro,bind whole || exit 99\n"
            under = ["unshare", "-m"]
        }
        let written = try space.script(script + "\"$0\" replay e.jsonl -q --data-dir whole", under: under)
        #expect(written.status == 5)
        #expect(["Read-only file system", "Permission denied"].contains { written.err.contains($0) }, "\(written.err)")
        for command in ["log verify", "log stats", "log repair", "log batches"] {
            let read = try space.script(script + "\"$0\" \(command) --data-dir whole", under: under)
            #expect(read.status == 0, "\(command): \(read.err)")
        }
        let repair = try space.script(script + "\"$0\" log repair --quarantine --data-dir whole", under: under)
        #expect(repair.status == 5)
        try recovers(space, digest, "whole", "read-only")
    }

    /// The wall clock cannot be set in a namespace of its own: only the clocks that timers use.
    @Test(.enabled(if: Tools.canShiftClocks, "not root, or no time namespaces"))
    func clocksHaveNoSay() throws {
        let (space, digest) = try prepared()
        for shift in ["0", "1000", "100000000"] {
            let clock = ["unshare", "-T", "--monotonic", shift, "--boottime", shift]
            #expect(try space.run(Self.replay + ["d" + shift], under: clock).digest == digest)
            // Begun on one clock, ended on another.
            let half = try space.run(Self.replay + ["h" + shift, "--max-errors", "0", "--to", "2026-01-05T08:00:02Z"])
            #expect(half.status == 0)
            let whole = try space.run(["replay", "--resume", "-q", "--data-dir", "h" + shift], under: clock)
            #expect(whole.digest == half.digest)
        }
    }

    /// Says nothing about a statically linked executable, which loads no library.
    @Test(.enabled(if: Tools.canFakeTime, "faketime is not there"))
    func theDateHasNoSay() throws {
        let (space, digest) = try prepared()
        for date in ["1970-01-02 00:00:00", "2001-09-09 01:46:40", "2039-01-01 00:00:00"] {
            let clock = ["faketime", "-f", "@" + date]
            #expect(try space.run(Self.replay + ["d"], under: clock).digest == digest, "\(date)")
            try recovers(space, digest, "d", date)
            try space.remove("d")
        }
    }

    /// Every call of a repair is refused in turn; the next repair ends as if there had been one.
    @Test(.enabled(if: Tools.canTrace, "strace is not there, or may not trace"))
    func aRepairThatIsRefusedACallCanBeRepeated() throws {
        let (space, _) = try prepared()
        let segment = "log/patternalarm-0/00000000000000000000.log"
        try space.flip("whole/" + segment, at: 1000)
        try space.copy("whole", to: "sound")
        #expect(try space.run(["log", "repair", "--quarantine", "--data-dir", "sound"]).status == 0)
        let expected = try space.read("sound/" + segment)
        var failures = 0
        for call in ["pwrite64", "fdatasync", "fsync", "rename", "unlink", "ftruncate", "mkdir"] {
            for number in 1...8 {
                try space.copy("whole", to: "d")
                let inject = [
                    "strace", "-f", "-o", "trace", "-e", "trace=" + call, "-e",
                    "inject=\(call):error=EIO:when=\(number)",
                ]
                let result = try space.run(["log", "repair", "--quarantine", "--data-dir", "d"], under: inject)
                let wasRefused = String(decoding: try space.read("trace"), as: UTF8.self).contains("INJECTED")
                #expect(result.status == (wasRefused ? 5 : 0), "\(call) \(number): \(result.err)")
                if wasRefused {
                    failures += 1
                    #expect(result.err.contains("Input/output error"), "\(call) \(number): \(result.err)")
                    #expect(try space.run(["log", "repair", "--quarantine", "--data-dir", "d"]).status == 0)
                }
                #expect(try space.read("d/" + segment) == expected, "\(call) \(number)")
                #expect(try space.run(["log", "verify", "--data-dir", "d"]).status == 0)
                try space.remove("d")
            }
        }
        #expect(failures >= 15)
    }
}

/// What this machine lets a test do.
enum Tools {
    static let canTrace = works(["strace", "-f", "-o", "/dev/null", "true"])
    static let canMount = works(["unshare", "-m", "bash", "-c", "mount -t tmpfs -o size=1m none /mnt"])
    static let canShiftClocks = works(["unshare", "-T", "--monotonic", "1000", "--boottime", "1000", "true"])

    static let canFakeTime = works(["faketime", "-f", "@2001-09-09 01:46:40", "true"])

    private static func works(_ command: [String]) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
