import AlertStore
import Console
import Foundation
import Learning
import PipelineFiles
import Recordings
import Runtime
import Tables
import Testing

@Suite struct ConsoleTests {
    /// What a part says becomes the exit code that is documented for its kind; the words stay.
    @Test func errorsKeepTheirWords() {
        let cases: [(CommandError, Console.ExitStatus)] = [
            (CommandError(LearningError.plan("p")), .badPlan), (CommandError(LearningError.input("p")), .badInput),
            (CommandError(LearningError.storage("p")), .storage), (CommandError(LearningError.request("p")), .usage),
            (CommandError(TableError.unreadable("p")), .badInput),
            (CommandError(TableError.unwritable("p")), .storage),
            (CommandError(RecordingError.unreadable("p")), .badInput),
            (CommandError(RecordingError.otherReading("p")), .badInput),
            (CommandError(PipelineFileError.unreadable("p")), .badPlan),
            (CommandError(RuntimeError.recording(.unreadable("p"))), .badInput),
            (CommandError(RuntimeError.inUse("p")), .inUse), (CommandError(RuntimeError.damaged("p")), .damaged),
        ]
        for (error, status) in cases {
            #expect(error.words == "p")
            #expect(error.status == status)
        }
        #expect(throws: (any Error).self) { try CommandError.reporting { () throws(CommandError) in throw .plan("") } }
    }

    @Test func jsonText() { #expect(JSONText.quoted("a\"\\\n\u{1}é") == "\"a\\\"\\\\\\n\\u0001é\"") }

    /// A file has its name when it is whole, and not before.
    @Test func aWholeFile() throws {
        let folder = try Scratch.make("console-test")
        defer { Scratch.remove(folder) }
        let names = { try FileManager.default.contentsOfDirectory(atPath: folder) }
        do {
            let left = try WholeFile(folder + "/a")
            try left.write([1])
            #expect(try names() == ["a.part"])
        }
        #expect(try names().isEmpty)
        let file = try WholeFile(folder + "/a")
        try file.write([1, 2, 3])
        try file.close()
        #expect(try names() == ["a"])
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/a")) == Data([1, 2, 3]))
        #expect(throws: CommandError.self) { try WholeFile(folder + "/a") }
    }
}
