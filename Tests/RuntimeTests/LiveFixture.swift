import AlertStore
import Base
import Delivery
import Dispatch
import EventLog
import FileStore
import Foundation
import Ingest
import Partition
import Plan
import Runtime
import StateStore
import TestKit
import Testing
import Windows

typealias Answer = Result<Receipt, SubmissionError>

/// A folder of its own, gone with the test, in which a live engine is run, stopped and run again.
final class LiveFixture: @unchecked Sendable {
    // Opened and closed by the test's own thread; the engine is for any thread.
    let folder = FileManager.default.temporaryDirectory.path + "/patternalarm-live-\(UUID().uuidString)"
    let plan: PipelinePlan
    /// Logs and checkpoints; those of the folder otherwise.
    let store: CrashingStore?
    private(set) var engine: LiveEngine?
    private(set) var feed = AlertFeed()
    private var directory: DataDirectory?

    init(partitions: Int = 2, store: CrashingStore? = nil) throws {
        var plan = testPlan()
        plan.partitionCount = partitions
        self.plan = plan
        self.store = store
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: folder)
        } catch {
            Issue.record("\(folder) stays: \(error)")
        }
    }

    var files: any FileStore { store ?? DiskStore(root: folder) }

    /// Opens the directory as `serve` does.
    func start(
        _ change: (inout LiveSettings) -> Void = { _ in },
        plan: PipelinePlan? = nil,
        opening: (inout DataDirectory.Options) -> Void = { _ in }
    ) throws {
        feed = AlertFeed()
        var options = DataDirectory.Options()
        options.observer = feed
        options.store = store
        options.log.durability = .interval(milliseconds: 1)
        opening(&options)
        let directory = try open(options, plan ?? self.plan)
        var settings = LiveSettings()
        change(&settings)
        self.directory = directory
        engine = LiveEngine(directory, feed: feed, settings: settings)
    }

    private func open(_ options: DataDirectory.Options, _ plan: PipelinePlan) throws -> DataDirectory {
        try DataDirectory(
            folder,
            options: options,
            definitions: FixtureDefinitions.loaded(plan),
            reader: FixtureDefinitions(),
            change: .rebuild(force: false, FixtureDefinitions.note),
            by: ("test", "1"),
            progress: { _, _, _ in }
        )
    }

    /// Stops the engine and closes the directory.
    @discardableResult
    func stop() throws -> (totals: LedgerTotals, digest: String) {
        try #require(engine).stop()
        let result = try #require(directory).close(status: "finished", inputs: [])
        (engine, directory) = (nil, nil)
        return result
    }

    var database: AlertDatabase? { directory?.database }

    /// Lets go of a directory that could not be closed, as a process does that ends.
    func forget() { (engine, directory) = (nil, nil) }

    /// Stops an engine whose disk has failed; leaves everything as it is. Returns what it says.
    func abandon() throws -> String {
        let engine = try #require(engine)
        let error = #expect(throws: LiveEngine.StoppedError.self) { try engine.stop() }
        // Its files are gone or complete before anybody else touches the folder.
        try #require(directory).database.close()
        (self.engine, directory) = (nil, nil)
        return error?.words ?? ""
    }

    /// Submits events and waits for the answer.
    func send(_ events: EventList, key: String? = nil) throws -> Answer {
        let (waiting, done) = (Guarded<Answer?>(nil), DispatchSemaphore(value: 0))
        try #require(engine).submit(events, key: key) { answer in
            waiting.withLock { $0 = answer }
            done.signal()
        }
        try #require(done.wait(timeout: .now() + 60) == .success, "no answer")
        return try #require(waiting.withLock { $0 })
    }

    func send(_ lines: [String], key: String? = nil) throws -> Answer { try send(list(lines), key: key) }

    /// Events of each partition that the log holds, in the log's order; of another store than the fixture's if named.
    func logged(in other: (any FileStore)? = nil) throws -> [[String]] {
        try (0..<plan.partitionCount).map { partition in
            let reader = PartitionReader(directory: "log/\(plan.name)-\(partition)", store: other ?? files)
            let batch = RecordBatch()
            var found: [String] = []
            while try reader.next(into: batch) {
                found += batch.records.map { String(decoding: batch.bytes[$0.value], as: UTF8.self) }
            }
            return found
        }
    }

    /// The digest of the alerts that the log gives: computed anew, one partition after the other.
    func recomputed() throws -> String {
        let database = try AlertDatabase(path: folder + "/again-\(UUID().uuidString).sqlite")
        let sink = DatabaseSink(database, commits: CommitBuilder(topic: plan.name))
        for partition in 0..<plan.partitionCount {
            let view = try PartitionView(
                DefinitionSchedule(Definitions(plan: plan, models: [:])),
                partition: partition,
                topic: plan.name,
                fingerprint: "",
                store: files
            )
            try view.advance(into: sink)
        }
        let digest = try database.digest()
        try database.close()
        return digest
    }

    /// The digest after the lines have been replayed as a recording, into a folder of their own.
    static func replayed(_ lines: [String], partitions: Int) throws -> String {
        let fixture = try LiveFixture(partitions: partitions)
        let directory = try fixture.open(.init(), fixture.plan)
        let partitioner = Partitioner(plan: fixture.plan, capacity: 1000)
        for first in stride(from: 0, to: lines.count, by: 1000) {
            let batch = decode(Array(lines[first..<min(first + 1000, lines.count)]), plan: fixture.plan)
            var rows = Array(repeating: [Int32](), count: partitions)
            partitioner.assign(batch, to: &rows)
            let position = RecordingPosition(line: first + batch.count, byte: 0, checksum: 0)
            for worker in directory.workers where !rows[worker.partition].isEmpty {
                _ = try worker.take(
                    batch,
                    rows: rows[worker.partition],
                    line: { first + Int($0) + 1 },
                    mark: SourceMark(input: 1, position: position, path: "test")
                )
            }
        }
        return try directory.close(status: "finished", inputs: []).digest
    }
}

func list(_ lines: [String]) -> EventList { EventList(lines: Array(lines.map { $0 + "\n" }.joined().utf8)) }

/// An event; the number is its id.
func event(_ number: Int, second: Double, actor: String = "A", amount: Int = 10) -> String {
    #"{"id":"e\#(number)","at":\#(1_772_438_400 + second),"actor":"\#(actor)","amount":\#(amount)}"#
}

/// Events of 40 actors, some of whom are seen three times a minute: late ones and duplicates among them.
func traffic(_ count: Int, seed: UInt64 = 1, firstID: Int = 0) -> [String] {
    var random = Seeded(seed: seed)
    return (0..<count).map { index in
        let actor = random.below(40)
        let lateness = random.below(50) == 0 ? Double(random.below(30)) : 0
        let back = index > 0 && random.below(60) == 0 ? random.below(min(index, 200)) : 0
        return event(
            firstID + index - back,
            second: Double(index) * Double(1 + actor % 5) / 10 - lateness,
            actor: "A\(actor)",
            amount: random.below(100)
        )
    }
}
