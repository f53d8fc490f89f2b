import Engine
import Foundation
import Ingest
import Plan
import Recordings
import TestKit
import Testing

/// A folder that is removed at the end.
final class Folder {
    let path = FileManager.default.temporaryDirectory.path + "/patternalarm-recordings-\(UUID().uuidString)"

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    deinit {
        do { try FileManager.default.removeItem(atPath: path) } catch { Issue.record(error) }
    }

    func file(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/" + name))
        return path + "/" + name
    }
}

@Suite struct RecordingTests {
    private let plan = testPlan()
    private let folder: Folder

    init() throws { folder = try Folder() }

    private func line(_ id: Int, _ second: Int) -> String {
        "{\"id\":\"e\(id)\",\"at\":\"2026-03-02T08:00:0\(second)Z\",\"actor\":\"a\(id % 4)\",\"amount\":\(id)}\n"
    }

    /// Chunks come whole and in order, and say where they end.
    @Test func aRecordingComesInChunks() throws {
        let path = try folder.file("a.jsonl", (0..<5).map { line($0, $0) }.joined())
        let recording = try Recording(path, RecordingReading(), plan: plan, chunkEvents: 2)
        let chunk = Chunk(plan: plan, capacity: 2)
        var lines: [[Int]] = []
        while try recording.read(into: chunk) {
            #expect(chunk.batch.rejections.isEmpty)
            lines.append(chunk.lines)
        }
        #expect(lines == [[1, 2], [3, 4], [5]])
        #expect(recording.position.line == 5)
        let again = try Recording(path, RecordingReading(), plan: plan)
        try again.skip(to: recording.position)
        #expect(try !again.read(into: Chunk(plan: plan, capacity: 8)))
    }

    /// What a person should know is told to whoever asks for it.
    @Test func notesAreToldBeforeTheFirstEvent() throws {
        let path = try folder.file("a.csv", "ID,at,actor,amount\n1,2026-03-02T08:00:00Z,a,2\n")
        let told = Told()
        var reading = RecordingReading()
        reading.say = { told.lines.append($0) }
        let recording = try Recording(path, reading, plan: plan)
        #expect(recording.format == .csv)
        #expect(try recording.read(into: Chunk(plan: plan, capacity: 8)))
        #expect(told.lines == ["\(path): the column \"ID\" is taken as the field id"])
    }

    private final class Told { var lines: [String] = [] }

    @Test func whatCannotBeReadSaysWhy() throws {
        let none = folder.path + "/none"
        #expect(throws: RecordingError.self) { try Recording(none, RecordingReading(), plan: plan) }
        let packed = try folder.file("a.bz2", "BZh91AY")
        do {
            _ = try Recording(packed, RecordingReading(), plan: plan)
            Issue.record("it is no recording")
        } catch {
            #expect(error.description.hasSuffix("it is compressed with bzip2: unpack it first (bunzip2)"))
        }
        let empty = RecordingError.noEvent(in: ["a\n", "-"])
        #expect(empty.description == "no event in a\\u{a}\nno event in standard input")
    }

    @Test func filesInTheOrderOfTime() throws {
        let late = try folder.file("late.jsonl", line(0, 9))
        let early = try folder.file("early.jsonl", "{}\n" + line(0, 1))
        let empty = try folder.file("empty.jsonl", "")
        let files = [empty, late, early]
        #expect(try FileOrder.given.files(files, RecordingReading(), plan) == files)
        #expect(try FileOrder.time.files(files, RecordingReading(), plan) == [early, late, empty])
    }

    @Test func findingsNameWhatIsMeant() throws {
        let text = "{\"id\":\"1\",\"at\":\"2026-03-02T08:00:00Z\",\"actor\":\"a\",\"amount\":2,\"o_k\":true}\n"
        let path = try folder.file("a.jsonl", text + "{\"id\":\"2\"}\n")
        let recording = try Recording(path, RecordingReading(), plan: plan)
        let chunk = Chunk(plan: plan, capacity: 8)
        #expect(try recording.read(into: chunk))
        var findings = RecordingFindings(plan)
        findings.note(chunk)
        #expect(findings.events == 1)
        #expect(findings.lines == 2)
        #expect(findings.absent().misnamed.map(\.field) == ["ok"])
        #expect(findings.absent().misnamed.map(\.isSame) == [true])
        #expect(findings.reasons == ["line 2: actor is missing"])
    }
}

/// The event clock over chunks: what is held back comes out when it is decided, in order.
@Suite struct JudgedRecordingTests {
    private let folder: Folder

    init() throws { folder = try Folder() }

    @Test func whatIsHeldBackComesOutAtTheEnd() throws {
        var plan = testPlan()
        plan.maximumAhead = 86_400_000_000
        let text = (0..<6).map {
            "{\"id\":\"\($0)\",\"at\":\"2026-03-0\($0 == 3 ? 9 : 2)T08:00:00Z\",\"actor\":\"a\($0)\",\"amount\":1}\n"
        }.joined()
        let path = try folder.file("a.jsonl", text)
        let recording = try Recording(path, RecordingReading(), plan: plan, chunkEvents: 2)
        let judged = JudgedRecording(recording, plan: plan, from: RecordingClock(plan: plan))
        var lines: [Int] = []
        var refused: [Int] = []
        while let chunk = try judged.next(Chunk(plan: plan, capacity: 2)) {
            lines += chunk.lines
            refused += chunk.lines.indices.filter { chunk.batch.status[$0] > 0 }.map { chunk.lines[$0] }
        }
        #expect(lines == Array(1...6))
        #expect(refused == [4])
        #expect(judged.position.line == 6)
    }
}
