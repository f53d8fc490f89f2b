import FileStore
import Foundation
import Testing
import Upkeep

@Suite struct UpkeepTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.path + "/patternalarm-upkeep-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer {
            do { try FileManager.default.removeItem(atPath: folder) } catch { Issue.record(error) }
        }
        try body(folder)
    }

    @Test(arguments: [("a-b-12", "a-b", 12), ("x-0", "x", 0)])
    func partitionsAreFolders(_ name: String, _ topic: String, _ number: Int) {
        let partition = LogPartition(name)
        #expect(partition?.topic == topic && partition?.number == number && partition?.directory == "log/" + name)
    }

    @Test(arguments: ["manifest", "a-", "a-x", "a--1x", ""])
    func othersAreNone(_ name: String) { #expect(LogPartition(name) == nil) }

    @Test func partitionsAreInTheirOrder() {
        let names = ["b-0", "a-10", "a-9"].compactMap { LogPartition($0) }.sorted().map(\.name)
        #expect(names == ["a-9", "a-10", "b-0"])
    }

    /// Names with tabs, ends of lines and backslashes; a folder is copied with everything below it, and read again.
    @Test func aBackupIsWhatWasCopied() throws {
        try withFolder { folder in
            let source = DiskStore(root: folder + "/from")
            try source.createDirectory("log/t-0")
            try source.replace("log/t-0/000.log", with: Array("events".utf8))
            try source.replace("log/t-0/tab\tand\\line\n", with: [])
            let target = DiskStore(root: folder + "/to")
            try target.createDirectory("")
            var list = BackupList()
            try list.copyFolder("log", from: source, to: target)
            try target.replace(BackupList.name, with: list.encoded())
            #expect(list.files.map(\.name) == ["log/t-0/tab\tand\\line\n", "log/t-0/000.log"] && list.bytes == 6)

            let found = try Backup.list(of: folder + "/to")
            #expect(found.files == list.files)
            let again = DiskStore(root: folder + "/again")
            try Backup.restore(found, from: folder + "/to", to: again)
            #expect(try again.contents(of: "log/t-0/000.log") == Array("events".utf8))

            try target.replace("log/t-0/000.log", with: Array("evenjs".utf8))
            #expect {
                try Backup.restore(found, from: folder + "/to", to: DiskStore(root: folder + "/other"))
            } throws: { error in
                "\(error)" == "\(folder)/to/log/t-0/000.log is not what was backed up"
            }
        }
    }

    @Test func aDamagedListIsNone() throws {
        let list = BackupList().encoded()
        #expect(BackupList(list)?.files.isEmpty == true)
        #expect(BackupList([]) == nil && BackupList(list.dropLast(2) + [0x0A]) == nil)
        #expect(BackupList(Array("a\t1\t0\ncrc32c\t0\n".utf8)) == nil)
        try withFolder { folder in
            #expect {
                _ = try Backup.list(of: folder)
            } throws: { error in
                "\(error)" == "\(folder) is no whole backup: backup.txt is missing or damaged"
            }
        }
    }

    /// Checkpoints are made only when alerts are written: alerts that are not there were there.
    @Test func missedAlertsAreSaid() throws {
        try withFolder { folder in
            let store = DiskStore(root: folder)
            let files = DataFiles(dataDir: folder, alerts: nil)
            try store.createDirectory("log")
            #expect(try files.missingAlerts(store) == nil)
            var verification = Verification(files, store) { _, _ in }
            #expect(try verification.run() == nil && verification.faults.isEmpty)
        }
        #expect(
            DataFiles(dataDir: "my data", alerts: "a.sqlite").rebuildAdvice
                == "to make the alerts anew and keep what people have decided: "
                + "patternalarm alerts rebuild --data-dir 'my data' --alerts a.sqlite"
        )
    }
}
