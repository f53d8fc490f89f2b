import Engine
import EventLog
import Ingest
import Partition
import TestKit
import Testing

/// What a partition knows of a recording, as it is written and read.
@Suite struct RecordingMarksTests {
    private func mark(_ line: Int, _ range: TimeRange = .all, input: Int = 1) -> SourceMark {
        let position = RecordingPosition(line: line, byte: line * 10, checksum: 0xABC)
        return SourceMark(input: input, position: position, path: "a b.jsonl", range: range)
    }

    @Test func marksAreReadAsTheyWereWritten() throws {
        var part = mark(7, TimeRange(from: -5, to: 12))
        part.leftOut = 3
        part.reading = 0xFEED
        var judged = mark(6)
        judged.clock = ClockMark("1;;a;9;a+1!1;1_2_3_b-3.c+4!4;5!7+1.8+3!a+1@7.a-3@8;12;3;a;0;!0;;0!!;7")
        #expect(judged.clock != nil)
        for mark in [mark(3), part, mark(4, TimeRange(from: 9)), mark(5, TimeRange(to: 9)), judged] {
            let found = try #require(SourceMark.read(mark.headers(lines: [1, 300, 100_000])))
            #expect(found.mark == mark)
            #expect(found.lines == [1, 300, 100_000])
        }
        var recordings: [Int: RecordingMarks] = [:]
        for mark in [mark(9, input: 2), mark(3), part] { recordings[mark.input, default: RecordingMarks()].note(mark) }
        #expect(SourceMark.decodeMarks(SourceMark.encode(recordings)) == recordings)
    }

    /// Logs and checkpoints from before there were ranges.
    @Test func aMarkWithoutARangeIsOfEverything() throws {
        let header = RecordHeader("source", Array("12 345 6789 abc a b.jsonl".utf8))
        let found = try #require(SourceMark.read([header])).mark
        #expect(found.range == .all && found.input == 12 && found.position.line == 345 && found.path == "a b.jsonl")
        #expect(found.headers(lines: [])[0].value == header.value)
    }

    @Test func whatIsNoMarkIsNone() {
        for text in [
            "", "1", "x 1 1 a p", "1 -1 1 a p", "1 9223372036854775807 1 a p", "1// 1 1 a p", "1/x//0/a 1 1 a p",
            "1///-1/a 1 1 a p", "1///9223372036854775807/a 1 1 a p", "1///0/zz 1 1 a p",
            "1/99999999999999999999//0/a 1 1 a p", "1///0/0/ 1 1 a p", "1///0/0/1 1 1 a p",
        ] {
            #expect(SourceMark.read([RecordHeader("source", Array(text.utf8))]) == nil, "\(text)")
        }
        // Differences that add up to more than a number holds.
        let large = Array(repeating: UInt8(0xFF), count: 8) + [0x7F]
        let lines = RecordHeader("lines", large + large + large)
        #expect(SourceMark.read([RecordHeader("source", Array("1 1 1 a p".utf8)), lines]) != nil)
    }

    @Test func aMarkCoversOnlyWhatItSays() {
        var marks = RecordingMarks()
        marks.note(mark(50, TimeRange(to: 100)))
        #expect(marks.done(in: .all).position.line == 0)
        #expect(marks.done(in: TimeRange(to: 100)).position.line == 50)
        #expect(marks.done(in: TimeRange(to: 99)).position.line == 0)
        marks.note(mark(80, TimeRange(from: 100)))
        #expect(marks.done(in: .all).position.line == 50)
        // One that goes as far over more time makes the others needless.
        marks.note(mark(80))
        #expect(marks.marks == [mark(80)])
        // One that goes less far does not.
        marks.note(mark(90, TimeRange(from: 5, to: 7)))
        marks.note(mark(85))
        #expect(marks.marks.count == 2 && marks.furthest?.position.line == 90)
        #expect(marks.done(in: .all).position.line == 85)
    }
}
