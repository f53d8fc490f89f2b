import Activations
import Base
import EventLog
import FileStore
import Foundation
import TestKit
import Testing
import Upkeep

/// What looks after a data directory knows what is in force in it.
@Suite struct ActivationUpkeepTests {
    private static let segment = "log/__activations-0/00000000000000000000.log"

    /// A directory with some events, two activations and what they name.
    private func withData(_ body: (_ store: DiskStore, _ files: DataFiles) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.path + "/patternalarm-activations-\(UUID().uuidString)"
        defer {
            do { try FileManager.default.removeItem(atPath: folder) } catch { Issue.record(error) }
        }
        let store = DiskStore(root: folder + "/data")
        let events = try PartitionLog(directory: "log/payments-0", store: store)
        let builder = RecordBatchBuilder()
        [0x7B, 0x7D].withUnsafeBytes { builder.add(timestampMilliseconds: 1, key: nil, value: $0) }
        _ = try events.append(builder)
        try events.close()
        let topic = try ActivationTopic(store: store)
        for number in 1...2 { try topic.append(try activation(number, store)) }
        try topic.close()
        try body(store, DataFiles(dataDir: store.root, alerts: nil))
    }

    @Sendable
    private func activation(_ number: Int, _ store: DiskStore) throws -> Activation {
        let definitions = DefinitionFiles(store: store)
        return Activation(
            number: number,
            kind: number == 1 ? .begin : .activate,
            atMilliseconds: 0,
            author: "ana",
            note: "",
            pipeline: "payments",
            pipelineFile: try definitions.keep(pipeline: Array("name: payments # \(number)".utf8)),
            pipelineIdentity: SHA256.hexadecimal(of: []),
            models: ["default": try definitions.keep(model: Array("[\(number)]".utf8))],
            offsets: [0: Int64(number - 1)],
            detectors: []
        )
    }

    private func verified(_ files: DataFiles, _ store: DiskStore) throws -> (said: [String: String], faults: [String]) {
        var said: [String: String] = [:]
        var verification = Verification(files, store) { said[$0] = $1 }
        _ = try verification.run()
        return (said, verification.faults)
    }

    @Test func aWholeDirectoryIsSaidToBe() throws {
        try withData { store, files in
            let found = try verified(files, store)
            #expect(found.faults.isEmpty)
            #expect(found.said["log/__activations-0"] == "2 activations in 2 batches, ok")
            #expect(found.said["log/payments-0"] == "1 events in 1 batches, ok")
            #expect(found.said["definitions"] == "2 pipelines and 2 models in force, ok")
            // Activations are no events.
            #expect(try files.bounds(store).map(\.name) == ["payments-0"])
            #expect(try LogPartition.all(store).map(\.hasActivations) == [true, false])
        }
    }

    @Test func aDefinitionThatIsNotThereOrDamagedIsAFault() throws {
        try withData { store, files in
            let inForce = try ActivationHistory.read(store: store).inForce
            let pipeline = "definitions/pipelines/\(inForce[0].pipelineFile).yaml"
            let model = "definitions/models/\(try #require(inForce[1].models["default"])).json"
            try store.replace(model, with: [0x5B])
            try store.remove(pipeline)
            let found = try verified(files, store)
            #expect(found.said["definitions"] == "2 pipelines and 2 models in force, 2 missing or damaged")
            #expect(found.faults.count == 2 && found.faults.allSatisfy { $0.contains("patternalarm activate") })
            #expect(found.faults[0].hasPrefix(pipeline + " is not there"))
            #expect(found.faults[1].hasPrefix(model + " is damaged"))
            // A backup says so, and copies the rest.
            let backup = try #require(try Backup.copy(files, store, to: store.root + "-copy"))
            #expect(backup.missing == found.faults)
            // Only what is in force must be there.
            let topic = try ActivationTopic(store: store)
            var third = try activation(3, store)
            third.kind = .begin
            try topic.append(third)
            #expect(try verified(files, store).faults.isEmpty)
        }
    }

    @Test func aDamagedTopicIsAFault() throws {
        try withData { store, files in
            var bytes = try #require(try store.contents(of: Self.segment))
            bytes[100] ^= 1
            try store.replace(Self.segment, with: bytes)
            let faults = try verified(files, store).faults
            #expect(faults.count == 1 && faults[0].contains(Self.segment) && faults[0].contains("log repair"))
            let backup = try #require(try Backup.copy(files, store, to: store.root + "-copy"))
            #expect(backup.missing.count == 1 && backup.missing[0].contains(Self.segment))
            // After a repair it can be read, and says that something is lost.
            let repair = LogRepair(
                directory: ActivationTopic.directory,
                quarantine: "quarantine",
                reasonHeader: "reject",
                store: store
            )
            _ = try repair.run()
            let after = try verified(files, store).faults
            #expect(after.count == 1 && after[0].hasPrefix("activations 1 to 1 were lost"))
        }
    }

    @Test func aTopicThatIsGoneIsAFaultOnce() throws {
        try withData { store, files in
            try FileManager.default.removeItem(atPath: store.root + "/" + ActivationTopic.directory)
            let faults = try verified(files, store).faults
            #expect(faults.count == 1 && faults[0].contains(ActivationTopic.directory))
            let backup = try #require(try Backup.copy(files, store, to: store.root + "-copy"))
            #expect(backup.missing.count == 1)
        }
    }

    /// Each is copied before what it rests on: events, then what was in force, then what that names.
    @Test func aBackupHoldsWhatIsInForce() throws {
        try withData { store, files in
            let copy = store.root + "-copy"
            let backup = try #require(try Backup.copy(files, store, to: copy))
            #expect(backup.missing.isEmpty && backup.list.left.isEmpty)
            let names = backup.list.files.map(\.name)
            let event = try #require(names.lastIndex { $0.hasPrefix("log/payments-0/") })
            let topic = try #require(names.firstIndex { $0.hasPrefix("log/__activations-0/") })
            let segment = try #require(names.firstIndex(of: Self.segment))
            let definition = try #require(names.firstIndex { $0.hasPrefix("definitions/") })
            #expect(event < topic && segment < definition)
            #expect(names.count { $0.hasPrefix("definitions/pipelines/") } == 2)
            #expect(names.count { $0.hasPrefix("definitions/models/") } == 2)

            let again = DiskStore(root: store.root + "-again")
            try Backup.restore(try Backup.list(of: copy), from: copy, to: again)
            let history = try ActivationHistory.read(store: again)
            #expect(history == (try ActivationHistory.read(store: store)) && history.all.count == 2)
            #expect(try verified(DataFiles(dataDir: again.root, alerts: nil), again).faults.isEmpty)
            try ActivationTopic(store: again).append(try activation(3, again))
            #expect(try ActivationHistory.read(store: again).current?.number == 3)
        }
    }

    @Test func aDirectoryOfBeforeIsAsItWas() throws {
        try withData { store, files in
            for folder in [ActivationTopic.directory, "definitions", "log/manifest"] {
                try FileManager.default.removeItem(atPath: store.root + "/" + folder)
            }
            let found = try verified(files, store)
            #expect(found.faults.isEmpty && found.said.keys.filter { $0.contains("definitions") }.isEmpty)
            let backup = try #require(try Backup.copy(files, store, to: store.root + "-copy"))
            #expect(backup.missing.isEmpty && backup.list.files.allSatisfy { $0.name.hasPrefix("log/payments-0/") })
        }
    }

    /// Beside a writer who activates again and again, every copied activation has what it names.
    @Test func aBackupBesideAWriterIsWhole() throws {
        try withData { store, files in
            let writer = Writer(root: store.root, activation)
            defer { writer.stop() }
            var counts: Set<Int> = []
            // A bounded number of copies, until several hold different activations.
            for round in 0..<500 where counts.count < 4 && writer.error == nil {
                let copy = store.root + "-copy\(round)"
                let backup = try #require(try Backup.copy(files, store, to: copy))
                #expect(backup.missing.isEmpty)
                let target = DiskStore(root: copy)
                let history = try ActivationHistory.read(store: target)
                counts.insert(history.all.count)
                #expect(try DefinitionFiles(store: target).faults(of: history.all).isEmpty)
            }
            #expect(counts.count >= 4 && writer.error == nil)
        }
    }
}

/// Activates in a thread of its own until it is stopped.
private final class Writer: Sendable {
    private let state = Guarded<(isStopped: Bool, isOver: Bool, error: String?)>((false, false, nil))

    init(root: String, _ make: @escaping @Sendable (Int, DiskStore) throws -> Activation) {
        Thread.detachNewThread { [state] in
            defer { state.withLock { $0.isOver = true } }
            do {
                let store = DiskStore(root: root)
                let topic = try ActivationTopic(store: store)
                while !state.withLock({ $0.isStopped }) {
                    try topic.append(try make(topic.history.nextNumber, store))
                }
                try topic.close()
            } catch {
                state.withLock { $0.error = "\(error)" }
            }
        }
    }

    var error: String? { state.withLock { $0.error } }

    /// Returns when the thread is done.
    func stop() {
        state.withLock { $0.isStopped = true }
        while !state.withLock({ $0.isOver }) { sched_yield() }
    }
}
