import Survey
import TestKit
import Testing

/// What is counted in bounded memory, against counting it whole.
@Suite struct SketchTests {
    /// Numbers that look like chance and are the same in every run.
    private func numbers(_ count: Int, seed: UInt64) -> [UInt64] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
    }

    private func hash(_ number: UInt64) -> UInt64 {
        // What is hashed has eight readable bytes behind it.
        withUnsafePointer(to: (number, UInt64(0))) { pair in
            pair.withMemoryRebound(to: UInt8.self, capacity: 16) { ValueHash.hash($0, 8) }
        }
    }

    @Test func keysAreExactUpToTheLimit() {
        let keys = KeySample(limit: 1024)
        for round in 0..<3 { for key in 0..<1000 where key % 3 >= round { _ = keys.add(hash(UInt64(key))) } }
        #expect(keys.isExact)
        #expect(keys.distinct == 1000)
        #expect(keys.repetitions == 666 + 333)
        #expect(keys.sortedCounts.count { $0 == 3 } == 333)
    }

    /// Beyond the limit the number of keys is near, and the counts of the sampled ones are right.
    @Test(arguments: [20_000, 300_000]) func manyKeysAreSampled(_ count: Int) {
        let keys = KeySample(limit: 4096)
        for round in 0..<4 { for key in 0..<count where key % 4 >= round { _ = keys.add(hash(UInt64(key))) } }
        #expect(!keys.isExact)
        #expect(abs(Double(keys.distinct) / Double(count) - 1) < 0.06)
        let counts = keys.sortedCounts
        #expect(counts.first == 1 && counts.last == 4)
        let share = Double(counts.count { $0 == 4 }) / Double(counts.count)
        #expect(abs(share - 0.25) < 0.04)
    }

    @Test func quantilesAreWithinOnePercent() {
        let values = numbers(50_000, seed: 7).map { Double($0 % 1_000_000) / 100 - 2000 }
        var sketch = QuantileSketch()
        for value in values { sketch.add(value) }
        let sorted = values.sorted()
        #expect(sketch.minimum == sorted.first && sketch.maximum == sorted.last)
        for share in [0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999] {
            let exact = sorted[Int(Double(sorted.count) * share)]
            let about = sketch.quantile(share) ?? .nan
            #expect(abs(about - exact) <= abs(exact) * 0.01 + 0.01, "\(share): \(about), not \(exact)")
        }
        var reversed = QuantileSketch()
        for value in values.reversed() { reversed.add(value) }
        #expect(reversed == sketch)
    }

    @Test func smallWholeNumbersAreExact() {
        var sketch = QuantileSketch()
        for value in 0...255 { sketch.add(Double(value)) }
        for value in 1...254 { #expect(sketch.quantile(Double(value) / 256) == Double(value)) }
        #expect(sketch.count(atLeast: 250) == 6)
    }

    @Test func frequentValuesStayAmongManyOthers() {
        var values = FrequentValues()
        func add(_ text: String) {
            (Array(text.utf8) + [UInt8](repeating: 0, count: 8)).withUnsafeBufferPointer { bytes in
                guard let base = bytes.baseAddress else { return }
                values.add(ValueHash.hash(base, text.utf8.count), base, text.utf8.count)
            }
        }
        for (index, number) in numbers(20_000, seed: 3).enumerated() {
            add("other \(number)")
            if index % 10 == 0 { add("frequent") }
            if index % 20 == 0 { add("less so") }
        }
        #expect(!values.isExact)
        #expect(values.top(2).map(\.text) == ["frequent", "less so"])
        #expect(values.top(1)[0].count <= 2000)
        #expect(values.top(1)[0].count >= 2000 - 23_000 / FrequentValues.limit)
    }
}
