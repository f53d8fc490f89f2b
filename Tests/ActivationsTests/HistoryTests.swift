import Activations
import Testing

@Suite("What is in force") struct HistoryTests {
    private func history(_ records: [Activation]) throws -> ActivationHistory {
        var history = ActivationHistory()
        for record in records { try history.add(record) }
        return history
    }

    @Test func nothingIsWithoutRecords() {
        let none = ActivationHistory()
        #expect(
            none.current == nil && none.inForce.isEmpty && none.starts(partition: 0).isEmpty && none.nextNumber == 1
        )
        #expect(none.activation(partition: 0, offset: 5) == nil)
    }

    @Test func eachHoldsFromItsOffset() throws {
        let all = try history([
            Records.activation(1, offsets: [0: 99]), Records.activation(2, offsets: [0: 10, 1: 4]),
            Records.activation(3, offsets: [0: 30, 1: 4]),
        ])
        #expect(all.starts(partition: 0).map(\.offset) == [0, 10, 30])
        #expect(all.starts(partition: 0).map(\.number) == [1, 2, 3])
        #expect(all.starts(partition: 1).map(\.offset) == [0, 4, 4])
        let numbers = [0, 9, 10, 29, 30, 1 << 40].map { all.activation(partition: 0, offset: $0)?.number }
        #expect(numbers == [1, 1, 2, 2, 3, 3])
        // Of two that hold from the same event on, the later one does.
        #expect(all.activation(partition: 1, offset: 4)?.number == 3)
    }

    /// A partition that an activation does not name had no event then: it holds for all of them.
    @Test func aPartitionThatIsNotNamedHadNoEvent() throws {
        let all = try history([Records.activation(1), Records.activation(2, offsets: [0: 10])])
        #expect(all.starts(partition: 7).map(\.offset) == [0, 0])
    }

    /// A repair cut the log from 50 to 20 between the third and the fourth.
    @Test func behindACutTheLaterOnesHoldEarlier() throws {
        let all = try history([
            Records.activation(1), Records.activation(2, offsets: [0: 10]), Records.activation(3, offsets: [0: 50]),
            Records.activation(4, offsets: [0: 20]),
        ])
        #expect(all.starts(partition: 0).map(\.offset) == [0, 10, 20, 20])
    }

    @Test func whatWasBeforeABeginningIsHistory() throws {
        let all = try history([
            Records.activation(1), Records.activation(2, offsets: [0: 10]),
            Records.activation(3, .begin, offsets: [0: 70]),
            Records.activation(4, offsets: [0: 40]),
        ])
        #expect(all.all.count == 4 && all.inForce.map(\.number) == [3, 4] && all.current?.number == 4)
        #expect(all.starts(partition: 0).map { [Int64($0.number), $0.offset] } == [[3, 0], [4, 40]])
    }

    @Test func theyFollowOneAnother() throws {
        #expect(throws: ActivationError.malformed("nothing begins before it")) {
            try history([Records.activation(1, .activate)])
        }
        #expect(throws: ActivationError.malformed("it has number 3, expected 2")) {
            try history([Records.activation(1), Records.activation(3)])
        }
        #expect(throws: ActivationError.malformed("it has number 1, expected 2")) {
            try history([Records.activation(1), Records.activation(1)])
        }
    }
}
