import Draft
import Engine
import FirstLook
import Foundation
import Recordings
import Survey
import Testing

@Suite struct FirstLookTests {
    /// From a file that nobody has seen to a pipeline that has run over it, without a command line.
    @Test func aDraftIsTriedOnItsFile() throws {
        let path = FileManager.default.temporaryDirectory.path + "/patternalarm-\(UUID().uuidString).csv"
        defer {
            do { try FileManager.default.removeItem(atPath: path) } catch { Issue.record(error) }
        }
        let rows = (0..<400).map { "\($0);2026-03-02T08:\(10 + $0 / 10):\(10 + $0 % 50)Z;card\($0 % 20);\($0 % 90)" }
        let text = (["id;at;card;amount"] + rows).joined(separator: "\n") + "\n"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        let found = try SurveyReader(reading: RecordingReading()) { _, _ in }.survey([path])
        #expect(found.profile.records == 400)
        let reading = SurveyedReading(found, given: RecordingReading())
        #expect(reading.commands([path], of: found).first?.contains("--separator ';'") == true)
        var draft = try Drafting.draft(found.profile, name: "cards", hasDecimalComma: false)
        let outcome = try DraftTrial(files: [path], reading: reading.reading) { _, _ in }.fit(&draft)
        #expect(outcome.ledger.events == 400)
        #expect(outcome.ledger.rejected == 0)
    }

    @Test func aFileThatIsNotThere() {
        #expect(throws: RecordingError.self) {
            try SurveyReader(reading: RecordingReading()) { _, _ in }.survey(["/none/of/these"])
        }
    }
}
