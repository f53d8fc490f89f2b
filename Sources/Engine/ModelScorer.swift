import Forest
import Plan
import TensorGraph
import Windows

/// Scores the accepted events of a batch with one model, and explains single ones.
final class ModelScorer {
    let binding: ModelBinding
    /// Nil of a graph.
    private let scorer: ForestScorer?
    private let rows: Rows
    private let output: UnsafeMutablePointer<Float>
    private let featureCount: Int
    private let classCount: Int
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
        scorer = binding.engines.map { ForestScorer($0) }
        featureCount = binding.features.count
        classCount = binding.model.scoreCount
        let size = max(1, capacity * featureCount)
        rows =
            binding.model.takesDoubles
            ? .double(.allocate(capacity: size)) : .single(.allocate(capacity: size))
        output = .allocate(capacity: max(1, capacity * classCount))
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
        switch (rows, binding.model) {
        case (.single(let rows), _): scorer?.score(rows: UnsafePointer(rows), rowCount: count, into: output)
        case (.double(let rows), .graph(let graph)):
            let values = Array(UnsafeBufferPointer(start: rows, count: count * featureCount))
            for (index, score) in graph.scores(of: values).enumerated() { output[index] = Float(score) }
        case (.double(let rows), .forest):
            scorer?.score(rows: UnsafePointer(rows), rowCount: count, into: output)
        }
    }

    /// P(fraud) (C10).
    func score(of event: Int) -> Double { binding.score(probabilities(of: event)) }

    /// How many of the first events have at least this score.
    func count(from threshold: Double, of count: Int) -> Int {
        var found = 0
        for event in 0..<count where score(of: event) >= threshold { found += 1 }
        return found
    }

    func probabilities(of event: Int) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(start: output + event * classCount, count: classCount)
    }

    /// The most probable kind of fraud.
    func fraudClass(of event: Int) -> String {
        guard binding.model.kind != .anomaly else { return binding.classNames[1] }
        let probabilities = probabilities(of: event)
        var best = -1
        for index in 0..<classCount where index != binding.negativeClass {
            if best < 0 || probabilities[index] > probabilities[best] { best = index }
        }
        return best < 0 ? "" : binding.classNames[best]
    }

    func isExplained(_ event: Int) -> Bool { explanations[event] != nil }

    /// Explains events together, which costs little more than one of them alone; the result is the same.
    func explain(_ events: [Int]) {
        for (index, event) in events.enumerated() { explanations[event] = parts.count / featureCount + index }
        if case .graph(let graph) = binding.model, case .double(let rows) = rows {
            parts += binding.losses(gathered(events, from: rows), by: graph)
            return
        }
        let size = events.count * featureCount
        parts += [Double](unsafeUninitializedCapacity: size) { buffer, count in
            count = size
            guard let target = buffer.baseAddress else { return }
            switch rows {
            case .single(let rows):
                let gathered = gathered(events, from: rows)
                binding.explainer?.contributions(rows: gathered, rowCount: events.count, into: target)
            case .double(let rows):
                let gathered = gathered(events, from: rows)
                binding.explainer?.contributions(rows: gathered, rowCount: events.count, into: target)
            }
        }
    }

    private func gathered<Number>(_ events: [Int], from rows: UnsafeMutablePointer<Number>) -> [Number] {
        events.flatMap { UnsafeBufferPointer(start: rows + $0 * featureCount, count: featureCount) }
    }

    /// The features that moved P(fraud) most, the largest part first; equal parts in the model's order.
    func reasons(of event: Int, _ machine: WindowMachine, limit: Int) -> [Reason] {
        if !isExplained(event) { explain([event]) }
        let first = (explanations[event] ?? 0) * featureCount
        let parts = Array(self.parts[first..<first + featureCount])
        return binding.reasons(parts, limit: limit) { machine.feature(binding.features[$0])[event] }
    }
}
