import AlertStore
import Base
import Delivery
import Engine
import Plan
import TestKit
import Testing

/// What an engine found, as rows.
@Suite struct CommitRowTests {
    /// An alert's row says which detector opened it, and under which activation; a later one of the same alert, too.
    @Test func alertsSayWhatOpenedThem() throws {
        let plan = testPlan()
        let engine = try PartitionEngine(plan: plan, models: [:], partition: 0, capacity: 8, activation: 7)
        let lines = (0..<5).map { #"{"id":"e\#($0)","at":\#(1_772_438_400 + $0),"actor":"A","amount":1}"# }
        let batch = decode(lines, plan: plan)
        let builder = CommitBuilder(topic: plan.name)
        for (rows, revisions) in [([0, 1, 2] as [Int32], 0), ([3, 4], 2)] {
            var output = EngineOutput(partition: 0)
            rows.withUnsafeBufferPointer {
                engine.process(batch, rows: $0, baseOffset: LogOffset(Int64(rows[0])), emits: true, into: &output)
            }
            let label = try #require(output.alerts.first).detector
            let row = try #require(builder.build(output).alerts.first)
            #expect(row.activation == 7 && row.revisions == revisions)
            #expect(row.detectorVersion == label.version && label.version.utf8.count == 12)
        }
    }
}
