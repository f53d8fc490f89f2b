import Models
import Windows

/// Scores the accepted events of a batch with one model, and explains single ones.
final class ModelScorer {
    let binding: ModelBinding
    private let scorer: any Scorer
    private let rows: Rows
    private let output: UnsafeMutablePointer<Float>
    private let featureCount: Int
    private let resultCount: Int
    /// [event][feature], of the bits that the model compares.
    private enum Rows {
        case single(UnsafeMutablePointer<Float>)
        case double(UnsafeMutablePointer<Double>)
    }

    /// Explanations of events of the batch: where each one's is in `parts`, [explanation][feature].
    private var explanations: [Int: Int] = [:]
    private var parts: [Double] = []

    init(_ binding: ModelBinding, capacity: Int) {
        self.binding = binding
        scorer = binding.prepared.makeScorer()
        featureCount = binding.features.count
        resultCount = binding.prepared.resultCount
        let size = max(1, capacity * featureCount)
        rows = binding.takesDoubles ? .double(.allocate(capacity: size)) : .single(.allocate(capacity: size))
        output = .allocate(capacity: max(1, capacity * resultCount))
    }

    deinit {
        switch rows {
        case .single(let rows): rows.deallocate()
        case .double(let rows): rows.deallocate()
        }
        output.deallocate()
    }

    func score(_ machine: WindowMachine, count: Int) {
        explanations.removeAll(keepingCapacity: true)
        parts.removeAll(keepingCapacity: true)
        for (column, feature) in binding.features.enumerated() {
            let values = machine.feature(feature)
            switch rows {
            case .single(let rows):
                for event in 0..<count { rows[event * featureCount + column] = Float(values[event]) }
            case .double(let rows):
                for event in 0..<count { rows[event * featureCount + column] = values[event] }
            }
        }
        let values: RowBlock.Values =
            switch rows {
            case .single(let rows): .single(rows)
            case .double(let rows): .double(rows)
            }
        scorer.score(RowBlock(values, count: count), into: output)
    }

    /// P(fraud) (C10).
    func score(of event: Int) -> Double { binding.meaning.score(results(of: event)) }

    /// How many of the first events have at least this score.
    func count(from threshold: Double, of count: Int) -> Int {
        var found = 0
        for event in 0..<count where score(of: event) >= threshold { found += 1 }
        return found
    }

    func results(of event: Int) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(start: output + event * resultCount, count: resultCount)
    }

    /// The most probable kind of fraud.
    func fraudClass(of event: Int) -> String { binding.meaning.fraudClass(results(of: event)) }

    /// Explains events together, which costs little more than one of them alone; the result is the same.
    func explain(_ events: [Int]) {
        for (index, event) in events.enumerated() { explanations[event] = parts.count / featureCount + index }
        switch rows {
        case .single(let rows): explain(gathered(events, from: rows), events.count) { .single($0) }
        case .double(let rows): explain(gathered(events, from: rows), events.count) { .double($0) }
        }
    }

    private func explain<Number>(
        _ rows: [Number],
        _ count: Int,
        _ values: (UnsafePointer<Number>) -> RowBlock.Values
    ) {
        rows.withUnsafeBufferPointer { rows in
            guard let start = rows.baseAddress else { return }
            parts += binding.prepared.contributions(of: RowBlock(values(start), count: count))
        }
    }

    private func gathered<Number>(_ events: [Int], from rows: UnsafeMutablePointer<Number>) -> [Number] {
        events.flatMap { UnsafeBufferPointer(start: rows + $0 * featureCount, count: featureCount) }
    }

    /// The features that moved P(fraud) most, the largest part first; equal parts in the model's order.
    func reasons(of event: Int, _ machine: WindowMachine) -> [Reason] {
        if explanations[event] == nil { explain([event]) }
        let first = (explanations[event] ?? 0) * featureCount
        return binding.reasons(parts[first..<first + featureCount]) { machine.feature(binding.features[$0])[event] }
    }
}
