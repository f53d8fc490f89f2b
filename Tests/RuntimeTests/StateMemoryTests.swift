import Base
import Runtime
import TestKit
import Testing

/// Goal: answers do not depend on how much state is in memory, nor on when checkpoints and commits come.
///
/// Method: the same bodies, each with good, late, repeated and broken events, are sent to engines with different settings.
@Suite struct StateMemoryTests {
    /// Every body has keys of its own, so that state grows; a line that is broken, one that is late, one that came before.
    private static let bodies: [[String]] = {
        var random = Seeded(seed: 5)
        return (0..<40).map { body in
            let first = body * 1000
            var lines = (0..<20 + random.below(200)).map { index in
                event(first + index, second: Double(first + index) / 10, actor: "A\(first + index)", amount: index)
            }
            lines.insert(#"{"id":"broken"}"#, at: random.below(lines.count))
            lines.insert(event(first + 900, second: -4000, actor: "L\(body)"), at: random.below(lines.count))
            lines.append(lines[lines.count - 1])
            return lines
        }
    }()

    /// What is told of each body, and told again when it is sent again after a restart; and the digest.
    private func run(
        stateBytes: Int?,
        checkpointEvents: Int,
        commitMilliseconds: Int64
    ) throws -> (told: [Receipt], again: [Receipt], digest: String) {
        let fixture = try LiveFixture()
        func start() throws {
            try fixture.start {
                $0.commitMilliseconds = commitMilliseconds
            } opening: {
                $0.stateBytes = stateBytes
                $0.policy.checkpointEvents = checkpointEvents
            }
        }
        func send() throws -> [Receipt] {
            try Self.bodies.enumerated().map { try fixture.send($1, key: "k\($0)").get() }
        }
        try start()
        let told = try send()
        try fixture.stop()
        try start()
        var again = try send()
        for body in again.indices {
            #expect(again[body].isReplayed)
            again[body].isReplayed = false
        }
        return (told, again, try fixture.stop().digest)
    }

    @Test(arguments: [(40_000, 1_000_000, 200), (40_000, 50, 0), (200_000, 700, 0), (nil, 1, 0)])
    func answersAreTheSame(stateBytes: Int?, checkpointEvents: Int, commitMilliseconds: Int64) throws {
        let expected = try run(stateBytes: nil, checkpointEvents: 1_000_000, commitMilliseconds: 10_000)
        for receipt in expected.told {
            #expect(receipt.rejected == 1 && receipt.duplicate == 1 && receipt.late <= 1)
        }
        #expect(expected.told.count { $0.late == 1 } > 35)
        let found = try run(
            stateBytes: stateBytes,
            checkpointEvents: checkpointEvents,
            commitMilliseconds: commitMilliseconds
        )
        #expect(found.told == expected.told)
        #expect(found.again == expected.told)
        #expect(found.digest == expected.digest)
    }
}
