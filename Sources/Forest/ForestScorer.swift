/// Scores batches of rows with the engine that is fastest for the forest and the batch; for one thread.
///
/// The same row gives the same bits in every batch, on every processor, by every engine (C2).
public final class ForestScorer {
    public let engines: ForestEngines
    public let featureCount: Int
    /// Results a row.
    public let resultCount: Int
    private let outputCount: Int
    private let transform: MarginTransform
    private let level: KernelLevel
    private let isDouble: Bool
    /// The factor of a mean, else 1; and what is added to sums that did not start from it.
    private let scale: Double
    private let base: [Double]
    /// Nothing but the scaled sum is wanted.
    private let isScaledSum: Bool

    private var scratch = KernelMemory(byteCount: 0)
    private var scratchRows = 0
    private var sums = KernelMemory(byteCount: 0)
    private var margins = KernelMemory(byteCount: 0)
    private var preparation: RowPreparation

    /// Rows that pass through everything together.
    private static let chunk = 8192

    /// A scorer with engines of its own, made for this model.
    public convenience init(_ model: ForestModel) { self.init(ForestEngines(model)) }

    /// A scorer for another thread.
    ///
    /// - Parameters:
    ///   - engines: Shared by all threads.
    ///   - level: Instructions to use, of those that the processor has.
    public init(_ engines: ForestEngines, level: KernelLevel = .best) {
        self.engines = engines
        self.level = level
        let model = engines.model
        featureCount = model.featureNames.count
        resultCount = model.resultCount
        outputCount = model.outputCount
        transform = MarginTransform(model)
        preparation = RowPreparation(model, engines.coding, level: level)
        isDouble = model.precision == .double
        if case .average(let count) = model.aggregation {
            scale = isDouble ? 1 / Double(count) : Double(1 / Float(count))
            base = model.base
        } else {
            scale = 1
            base = []
        }
        isScaledSum =
            model.link == .identity && model.calibration == nil && model.outputCount == model.resultCount && !isDouble
            && base.allSatisfy { $0 == 0 }
    }

    /// Rows as they are given. A model of 32 bits narrows those of 64.
    private enum Rows {
        case single(UnsafePointer<Float>)
        case double(UnsafePointer<Double>)

        func from(_ value: Int) -> Rows {
            switch self {
            case .single(let rows): .single(rows + value)
            case .double(let rows): .double(rows + value)
            }
        }
    }

    /// Scores rows.
    ///
    /// - Parameters:
    ///   - rows: [rowCount][featureCount], NaN = missing.
    ///   - rowCount: How many.
    ///   - output: [rowCount][resultCount] probabilities or values.
    public func score(rows: UnsafePointer<Float>, rowCount: Int, into output: UnsafeMutablePointer<Float>) {
        score(.single(rows), rowCount, into: output)
    }

    /// The same for rows of 64 bits.
    public func score(rows: UnsafePointer<Double>, rowCount: Int, into output: UnsafeMutablePointer<Float>) {
        score(.double(rows), rowCount, into: output)
    }

    private func score(_ rows: Rows, _ rowCount: Int, into output: UnsafeMutablePointer<Float>) {
        for first in stride(from: 0, to: rowCount, by: Self.chunk) {
            let count = min(Self.chunk, rowCount - first)
            let source = rows.from(first * featureCount)
            let target = output + first * resultCount
            if isScaledSum, engines.plain == nil {
                addUp(source, count, into: UnsafeMutableRawPointer(target))
                let factor = Float(scale)
                if factor != 1 { for index in 0..<count * resultCount { target[index] *= factor } }
            } else {
                let results = findMargins(source, count)
                transform.apply(results, rows: count)
                for index in 0..<count * resultCount { target[index] = Float(results[index]) }
            }
        }
    }

    /// The margins of rows, before link and calibration.
    ///
    /// - Parameters:
    ///   - rows: [rowCount][featureCount], NaN = missing.
    ///   - rowCount: How many.
    ///   - output: [rowCount][the model's outputCount].
    public func margins(rows: UnsafePointer<Float>, rowCount: Int, into output: UnsafeMutablePointer<Double>) {
        margins(.single(rows), rowCount, into: output)
    }

    /// The same for rows of 64 bits.
    public func margins(rows: UnsafePointer<Double>, rowCount: Int, into output: UnsafeMutablePointer<Double>) {
        margins(.double(rows), rowCount, into: output)
    }

    private func margins(_ rows: Rows, _ rowCount: Int, into output: UnsafeMutablePointer<Double>) {
        for first in stride(from: 0, to: rowCount, by: Self.chunk) {
            let count = min(Self.chunk, rowCount - first)
            let found = findMargins(rows.from(first * featureCount), count)
            for row in 0..<count {
                for index in 0..<outputCount {
                    output[(first + row) * outputCount + index] = found[row * resultCount + index]
                }
            }
        }
    }

    /// The margins of a chunk, [row][resultCount] with the margins first in each row.
    private func findMargins(_ rows: Rows, _ count: Int) -> UnsafeMutablePointer<Double> {
        let width = max(resultCount, outputCount)
        grow(&margins, count * width * 8)
        let found = margins.pointer(to: Double.self)
        if let plain = engines.plain {
            for row in 0..<count {
                let values =
                    switch rows.from(row * featureCount) {
                    case .single(let row): UnsafeBufferPointer(start: row, count: featureCount).map { Double($0) }
                    case .double(let row): Array(UnsafeBufferPointer(start: row, count: featureCount))
                    }
                for (index, margin) in plain.margins(of: values).enumerated() { found[row * width + index] = margin }
            }
            return found
        }
        grow(&sums, count * outputCount * 8)
        addUp(rows, count, into: sums.base)
        if isDouble {
            spread(sums.pointer(to: Double.self), count, width, into: found)
        } else {
            spread(sums.pointer(to: Float.self), count, width, into: found)
        }
        return found
    }

    private func spread<Number: BinaryFloatingPoint>(
        _ sums: UnsafePointer<Number>,
        _ count: Int,
        _ width: Int,
        into found: UnsafeMutablePointer<Double>
    ) {
        if base.isEmpty {
            for row in 0..<count {
                for index in 0..<outputCount { found[row * width + index] = Double(sums[row * outputCount + index]) }
            }
            return
        }
        let factor = Number(scale)
        let base = base.map { Number($0) }
        for row in 0..<count {
            for index in 0..<outputCount {
                found[row * width + index] = Double(sums[row * outputCount + index] * factor + base[index])
            }
        }
    }

    private func addUp(_ rows: Rows, _ count: Int, into sums: UnsafeMutableRawPointer) {
        if count > scratchRows {
            scratchRows = count
            grow(&scratch, engines.scratchSize(rows: count))
        }
        let singles =
            switch rows {
            case .single(let rows): preparation.singles(rows, count)
            case .double(let rows): preparation.singles(rows, count)
            }
        engines.sums(singles, count, scratch: scratch, into: sums, level: level)
    }

    private func grow(_ memory: inout KernelMemory, _ byteCount: Int) { memory = memory.grown(to: byteCount) }
}
