import Base
import Foundation
import Testing

/// Goal: `--state-memory` is a limit that holds, and changes no result.
///
/// Method: the kernel refuses memory beyond a hard limit (RLIMIT_DATA), under which a run with far more keys than fit must end as
/// one without any limit does.
@Suite struct StateMemoryTests {
    /// Nearly every event has a payer of its own; some payers and some ids come back, soon or late.
    private func events(_ count: Int) -> Data {
        var random = Seeded(seed: 5)
        var text: [UInt8] = []
        text.reserveCapacity(count * 200)
        let note = String(repeating: "n", count: 90)
        for number in 0..<count {
            let payer = random.below(5) == 0 ? random.below(number + 1) : number
            let id = random.below(100) == 0 ? random.below(number + 1) : number
            let amount = random.below(8) == 0 ? 5000 : random.below(2000)
            let time = 1_772_438_400 + number / 2500
            text +=
                #"{"id":"payment-\#(id)","at":\#(time),"payer":"payer-\#(payer)","amount":\#(amount),"note":"\#(note)"}"#
                .utf8
            text.append(0x0A)
        }
        return Data(text)
    }

    @Test func aHardLimitHoldsAndResultsAreEqual() throws {
        let space = try Workspace()
        // Two windows of each payer: the state of half a million payers is some 120 MB.
        try space.writePaymentsPipeline(
            settings: ["partitions: 2", "time: {disorder: 10s}", "duplicates: {within: 10m}"],
            features: ["n: \"count(who, 5m, amount > 2000)\"", "mean: \"mean(session(who, 5m), amount)\""],
            rules: ["{name: burst, when: \"n >= 3\", session: 5m}"]
        )
        try space.write(events(500_000), "e.jsonl")
        let run = "exec \"$0\" replay e.jsonl -q --pipeline p.yaml --threads 2 --data-dir"
        let free = try space.script("\(run) free")
        let digest = try #require(free.digest, "\(free.err)")
        #expect(
            free.err.contains(" duplicate") && !free.err.contains(" 0 duplicate") && !free.err.contains("; 0 alerts")
        )
        // 16 MB and what the program takes besides.
        let limited = try space.script("ulimit -d \(Self.hardLimit >> 10); \(run) limited --state-memory 16MB")
        #expect(limited.status == 0 && limited.digest == digest, "\(limited.err)")
        // The next run does not hold more either: it begins with a checkpoint of far more keys than fit.
        let again = try space.script("ulimit -d \(Self.hardLimit >> 10); \(run) limited --state-memory 16MB")
        #expect(again.status == 0 && again.digest == digest, "\(again.err)")
        // The limit is one: without --state-memory it is too little.
        let refused = try space.script("ulimit -d \(Self.hardLimit >> 10); \(run) refused")
        #expect(refused.status != 0)
    }

    private static let hardLimit = 160 << 20
}
