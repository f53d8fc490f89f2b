import AlertStore
import Bytes
import Foundation
import Server
import Testing

/// An alert as the API gives it, in lists, alone and in the stream.
@Suite struct AlertAnswerTests {
    private func answer(version: String?, activation: Int) -> JSONValue {
        let alert = AlertRecord(
            id: "000000000001aaaaaaaaaaaa",
            detector: "d",
            type: "t",
            entity: "who",
            entityKey: "A",
            score: 1,
            peakScore: 1,
            severity: "low",
            events: 1,
            amount: 1,
            openedMilliseconds: 0,
            firstEventMilliseconds: 0,
            lastEventMilliseconds: 0,
            partition: 0,
            openedOffset: 1,
            lastOffset: 1,
            revisions: 0,
            isEnded: false,
            modelID: nil,
            detectorVersion: version,
            activation: activation
        )
        return AlertAnswer.entry(ListedAlert(alert: alert, status: "open", label: nil, assignee: nil))
    }

    @Test func itSaysWhatOpenedIt() {
        let known = answer(version: "0123456789ab", activation: 12)
        #expect(known["detector_version"] == .text("0123456789ab") && known["activation"] == .number(12))
        #expect(answer(version: nil, activation: 1)["detector_version"] == .null)
    }

    /// The API's description has the same members, in the same order.
    @Test func itIsWhatTheDescriptionSays() throws {
        guard case .object(let members) = answer(version: nil, activation: 1) else {
            Issue.record("an alert is no object")
            return
        }
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
        let text = try Data(contentsOf: URL(fileURLWithPath: folder + "/../../Data/api/openapi.json"))
        let description = try JSONValue.parse([UInt8](text))
        let schema = try #require(description["components"]?["schemas"]?["Alert"])
        guard case .object(let properties) = schema["properties"], case .list(let required) = schema["required"] else {
            Issue.record("the description has no alert")
            return
        }
        #expect(members.map(\.key) == properties.map(\.key))
        #expect(members.map { .text($0.key) } == required)
    }
}
