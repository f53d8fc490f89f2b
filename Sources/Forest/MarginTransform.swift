import CKernels

/// The last step of scoring, the same for every engine: a row's margins through link and calibration into results.
public struct MarginTransform: Sendable {
    /// Margins a row.
    public let outputCount: Int
    /// Results a row.
    public let resultCount: Int
    private let link: ForestModel.Link
    private let calibration: Calibration?
    private let classifies: Bool

    /// What a model's link makes of its margins.
    public init(_ model: ForestModel) {
        outputCount = model.outputCount
        resultCount = model.resultCount
        link = model.link
        calibration = model.calibration
        classifies = !model.classNames.isEmpty
    }

    /// Writes the results of one row; O(results).
    ///
    /// - Parameters:
    ///   - margins: [outputCount].
    ///   - results: [resultCount]; may be where the margins are.
    @inlinable
    public func callAsFunction(_ margins: UnsafePointer<Double>, into results: UnsafeMutablePointer<Double>) {
        apply(margins, results)
    }

    @usableFromInline
    func apply(_ margins: UnsafePointer<Double>, _ results: UnsafeMutablePointer<Double>) {
        switch link {
        case .identity: for index in 0..<outputCount { results[index] = margins[index] }
        case .sigmoid(let scale):
            for index in 0..<outputCount { results[index] = 1 / (1 + pa_exp(-scale * margins[index])) }
        case .exponential: for index in 0..<outputCount { results[index] = pa_exp(margins[index]) }
        case .isolation(let depth):
            for index in 0..<outputCount { results[index] = pa_exp(-margins[index] / depth * 0x1.62e42fefa39efp-1) }
        case .softmax:
            var largest = margins[0]
            for index in 1..<max(1, outputCount) { largest = max(largest, margins[index]) }
            var total = 0.0
            for index in 0..<outputCount {
                results[index] = pa_exp(margins[index] - largest)
                total += results[index]
            }
            for index in 0..<outputCount { results[index] /= total }
        }
        if classifies, outputCount == 1 {
            results[1] = results[0]
            results[0] = 1 - results[1]
        }
        if let calibration { apply(calibration, results) }
    }

    private func apply(_ calibration: Calibration, _ results: UnsafeMutablePointer<Double>) {
        guard classifies else {
            results[0] = calibration(results[0])
            return
        }
        let negative = calibration.negativeClass
        let before = 1 - results[negative]
        let after = calibration(before)
        results[negative] = 1 - after
        for index in 0..<resultCount where index != negative {
            results[index] = before > 0 ? results[index] * (after / before) : after / Double(resultCount - 1)
        }
    }
}
