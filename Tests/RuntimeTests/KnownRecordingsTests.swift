import Foundation
import Ingest
import Partition
import Plan
import Recordings
import Runtime
import TestKit
import Testing

/// Which recordings a data directory has seen, and from where on it needs them.
@Suite struct KnownRecordingsTests {
    private let folder = FileManager.default.temporaryDirectory.path + "/patternalarm-known-\(UUID().uuidString)"
    private let plan = testPlan()

    private func file(_ name: String, events: Range<Int>) throws -> String {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let lines = events.map { "{\"id\":\"\($0)\",\"at\":\"2026-03-02T08:00:00Z\",\"actor\":\"a\",\"amount\":1}\n" }
        try Data(lines.joined().utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
        return folder + "/" + name
    }

    /// Where a data directory has taken some of a file, the file is known by its bytes, whatever it is called and
    /// however much has been added to it.
    @Test func aFileIsKnownByItsBytes() throws {
        defer {
            do { try FileManager.default.removeItem(atPath: folder) } catch { Issue.record(error) }
        }
        let begun = try Recording(try file("a.jsonl", events: 0..<3), RecordingReading(), plan: plan)
        while try begun.read(into: Chunk(plan: plan, capacity: 8)) {}
        var marks = RecordingMarks()
        marks.note(SourceMark(input: 4, position: begun.position, path: "a.jsonl"))
        let known = KnownRecordings(partitions: [[4: marks]])
        func match(_ path: String) throws -> KnownRecordings.Match {
            try known.match(path, reading: RecordingReading(), plan: plan, resumes: false)
        }
        let grown = try match(try file("b.jsonl", events: 0..<5))
        #expect(grown.input == 4 && grown.start == begun.position && begun.position.line == 3)
        let other = try match(try file("a.jsonl", events: 1..<5))
        #expect(other.input == 5 && other.start.byte == 0)
    }
}
