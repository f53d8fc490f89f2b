import Engine
import Foundation
import Plan
import Recordings
import Runtime
import Synchronization
import TestKit
import Testing
import Windows

/// Recordings into a data directory, without a command line.
@Suite struct ReplayerTests {
    private let fixture: LiveFixture
    private let file: String

    init() throws {
        fixture = try LiveFixture()
        file = fixture.folder + "/events.jsonl"
        let lines = (0..<300).map { index in
            #"{"id":"\#(index)","at":"2026-03-02T08:\#(10 + index / 60):\#(10 + index % 50)Z","actor":"A\#(index % 9)","#
                + #""amount":\#(index % 7)}"# + "\n"
        }
        try Data(lines.joined().utf8).write(to: URL(fileURLWithPath: file))
    }

    private func open(_ name: String) throws -> DataDirectory {
        try DataDirectory(
            fixture.folder + "/" + name,
            options: DataDirectory.Options(),
            definitions: FixtureDefinitions.loaded(fixture.plan),
            reader: FixtureDefinitions(),
            change: .rebuild(force: false, FixtureDefinitions.note),
            by: ("test", "1"),
            progress: { _, _, _ in }
        )
    }

    private func replay(into name: String, _ options: Replayer.Options) throws -> (words: [String], digest: String) {
        let directory = try open(name)
        let replayer = Replayer(directory, plan: fixture.plan, options: options)
        try replayer.replay(file, RecordingReading(), resumes: false)
        let digest = try directory.close(status: "finished", inputs: replayer.recordings.map(\.record)).digest
        return (replayer.recordings.flatMap(\.words), digest)
    }

    /// The same with one thread and with several, in chunks of any size (C2).
    @Test func theResultDoesNotDependOnThreads() throws {
        var one = Replayer.Options()
        one.threads = 1
        one.chunkEvents = 7
        let first = try replay(into: "one", one)
        let second = try replay(into: "two", Replayer.Options())
        #expect(first.digest == second.digest)
        let again = try replay(into: "two", Replayer.Options())
        #expect(again.digest == second.digest)
        #expect(again.words.contains { $0.contains("nothing new, all of its 300 lines have been taken before") })
    }

    @Test func whatIsDurableIsTold() throws {
        let told = Told()
        var options = Replayer.Options()
        options.acknowledge = { count in told.counts.withLock { $0.append(count) } }
        _ = try replay(into: "acknowledged", options)
        let counts = told.counts.withLock { $0 }
        #expect(counts.last == 300)
        #expect(counts == counts.sorted())
    }

    private final class Told: Sendable { let counts = Mutex<[Int]>([]) }

    @Test func aRecordingThatCannotBeReadIsNoPartitionsFailure() throws {
        let directory = try open("none")
        let replayer = Replayer(directory, plan: fixture.plan, options: Replayer.Options())
        do {
            try replayer.replay(file + ".gone", RecordingReading(), resumes: false)
            Issue.record("there is no such file")
        } catch {
            guard case .recording(.unreadable) = error else { throw error }
        }
        _ = try directory.close(status: "stopped", inputs: [])
    }

    @Test func theFirstFailureStays() {
        let failure = FirstFailure<RecordingError>()
        #expect(failure.error == nil)
        failure.note(.unreadable("first"))
        failure.note(.unreadable("second"))
        #expect(failure.error == .unreadable("first"))
    }

    /// A log takes each event before it counts; with several threads come as many rows as with one.
    @Test func aRecordingThroughAQuery() throws {
        let large = Expression.binary(.greater, .field(3, .number), .number(5))
        let query = Query(name: "large", entity: 0, kind: .sequence(steps: [large, large], within: 600_000_000))
        func rows(threads: Int, log name: String) throws -> [Int] {
            let plan = fixture.plan
            let sinks = (0..<plan.partitionCount).map { _ in Rows() }
            let log = try QueryLog(fixture.folder + "/" + name, plan: plan)
            let run = QueryRun(query, plan: plan, threads: threads, writers: sinks, log: log)
            let input = try log.number(of: file, reading: RecordingReading())
            let recording = try Recording(file, RecordingReading(), plan: plan)
            let nothing = Sequel([String](), behind: file) { path throws(RecordingError) in
                throw .unreadable(path)
            }
            try run.read(recording, before: nothing, input: input) { _, _ in }
            run.finish()
            try log.close()
            #expect(run.ledger.events == 300)
            return sinks.map(\.count)
        }
        let counts = try rows(threads: 1, log: "one")
        #expect(counts.reduce(0, +) > 0)
        #expect(try rows(threads: 4, log: "two") == counts)
    }

    private final class Rows: QueryStretches {
        private(set) var count = 0

        func take(_ rows: QueryRows) { count += rows.count }
        func begin() {}
        func mark() {}
        func flush(through number: Int) {}
    }
}
