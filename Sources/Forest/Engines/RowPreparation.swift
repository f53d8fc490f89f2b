/// Turns rows, as they are given, into what engines take: codes of rows of 64 bits, or 32 bits with NaN where zero
/// counts as missing. For one thread; what it returns is good until the next call.
struct RowPreparation {
    private let coding: RowCoding?
    private let zeroIsMissing: [Bool]
    private let featureCount: Int
    private let level: KernelLevel
    private var copies = KernelMemory(byteCount: 0)
    private var widened = KernelMemory(byteCount: 0)

    init(_ model: ForestModel, _ coding: RowCoding?, level: KernelLevel) {
        self.coding = coding
        self.level = level
        featureCount = model.featureNames.count
        zeroIsMissing = model.zeroIsMissing
    }

    mutating func singles(_ rows: UnsafePointer<Float>, _ count: Int) -> UnsafePointer<Float> {
        let size = count * featureCount
        if let coding {
            widened = widened.grown(to: size * 8)
            let wide = widened.pointer(to: Double.self)
            for index in 0..<size { wide[index] = Double(rows[index]) }
            return coded(wide, count, coding)
        }
        guard !zeroIsMissing.isEmpty else { return rows }
        copies = copies.grown(to: size * 4)
        let target = copies.pointer(to: Float.self)
        target.update(from: rows, count: size)
        leaveOutZeros(target, count)
        return UnsafePointer(target)
    }

    mutating func singles(_ rows: UnsafePointer<Double>, _ count: Int) -> UnsafePointer<Float> {
        if let coding { return coded(rows, count, coding) }
        let size = count * featureCount
        copies = copies.grown(to: size * 4)
        let target = copies.pointer(to: Float.self)
        for index in 0..<size { target[index] = Float(rows[index]) }
        leaveOutZeros(target, count)
        return UnsafePointer(target)
    }

    private mutating func coded(
        _ rows: UnsafePointer<Double>,
        _ count: Int,
        _ coding: RowCoding
    ) -> UnsafePointer<Float> {
        copies = copies.grown(to: count * featureCount * 4)
        let target = copies.pointer(to: Float.self)
        coding.code(rows, count, into: target, level: level)
        return UnsafePointer(target)
    }

    private func leaveOutZeros(_ rows: UnsafeMutablePointer<Float>, _ count: Int) {
        guard !zeroIsMissing.isEmpty else { return }
        for row in 0..<count {
            for feature in 0..<featureCount where zeroIsMissing[feature] {
                let index = row * featureCount + feature
                if rows[index].magnitude <= ForestModel.zeroLimit { rows[index] = .nan }
            }
        }
    }
}
