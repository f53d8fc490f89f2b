import Base
import Plan

/// Evaluates checked expressions over a selection of a batch's rows, one loop an operator and batch.
///
/// Lanes are dense: element i belongs to event `rows[i]` of the batch. Truth is 1, falsehood 0, null NaN; see
/// ``Plan/Expression`` for what null does.
public final class Evaluator {
    let lanes: Lanes
    let batch: ColumnBatch
    let rows: UnsafePointer<Int32>
    let count: Int
    /// Lanes of `PipelinePlan.aggregates` and of the features computed so far.
    let aggregates: [UnsafeMutablePointer<Double>]
    let features: [UnsafeMutablePointer<Double>]

    init(
        lanes: Lanes,
        batch: ColumnBatch,
        rows: UnsafePointer<Int32>,
        count: Int,
        aggregates: [UnsafeMutablePointer<Double>] = [],
        features: [UnsafeMutablePointer<Double>] = []
    ) {
        precondition(count <= lanes.capacity, "A lane has a place for each event.")
        self.lanes = lanes
        self.batch = batch
        self.rows = rows
        self.count = count
        self.aggregates = aggregates
        self.features = features
    }

    /// Writes the values of a number or bool expression.
    func numbers(_ expression: Expression, into out: UnsafeMutablePointer<Double>) {
        switch expression {
        case .number(let value):
            out.update(repeating: value, count: count)
        case .bool(let value):
            out.update(repeating: value ? 1 : 0, count: count)
        case .field(let index, _):
            guard let column = batch.columns[index].numbers else { return fillNull(out) }
            for row in 0..<count { out[row] = column[Int(rows[row])] }
        case .feature(let index, _):
            out.update(from: features[index], count: count)
        case .aggregate(let index):
            out.update(from: aggregates[index], count: count)
        case .unary(.negate, let operand):
            numbers(operand, into: out)
            for row in 0..<count { out[row] = -out[row] }
        case .unary(.not, let operand):
            numbers(operand, into: out)
            for row in 0..<count { out[row] = out[row] == 0 ? 1 : 0 }
        case .binary(let op, let left, let right):
            if left.type == .text {
                compareTexts(op, left, right, into: out)
            } else {
                numbers(left, into: out)
                let other = lanes.pushNumbers()
                numbers(right, into: other)
                combine(op, out, other)
                lanes.dropNumbers()
            }
        case .isIn(let operand, let texts):
            let wanted = texts.map { Text($0) }
            let lane = lanes.pushTexts()
            self.texts(operand, into: lane)
            for row in 0..<count { out[row] = wanted.contains(lane[row]) ? 1 : 0 }
            lanes.dropTexts()
        case .isInNumbers(let operand, let numbers):
            self.numbers(operand, into: out)
            for row in 0..<count { out[row] = numbers.contains(out[row]) ? 1 : 0 }
        case .call(let function, let arguments):
            call(function, arguments, into: out)
        case .text:
            preconditionFailure("A text where the checker promised a number.")
        }
    }

    /// Writes the values of a text expression.
    func texts(_ expression: Expression, into out: UnsafeMutablePointer<Text>) {
        switch expression {
        case .text(let value):
            out.update(repeating: Text(value), count: count)
        case .field(let index, _):
            guard let column = batch.columns[index].texts else {
                return out.update(repeating: .absent, count: count)
            }
            for row in 0..<count { out[row] = column[Int(rows[row])] }
        case .call(.coalesce, let arguments):
            texts(arguments[0], into: out)
            let other = lanes.pushTexts()
            for argument in arguments.dropFirst() {
                texts(argument, into: other)
                for row in 0..<count where out[row].isAbsent { out[row] = other[row] }
            }
            lanes.dropTexts()
        case .call(.if, let arguments):
            let condition = lanes.pushNumbers()
            numbers(arguments[0], into: condition)
            let other = lanes.pushTexts()
            texts(arguments[1], into: out)
            texts(arguments[2], into: other)
            for row in 0..<count where condition[row] != 1 { out[row] = other[row] }
            lanes.dropTexts()
            lanes.dropNumbers()
        default:
            preconditionFailure("A number where the checker promised a text.")
        }
    }

    /// The key of an entity: its one text, or all of them as one; absent where any part is.
    func keys(_ entity: Entity, into out: UnsafeMutablePointer<Text>) {
        texts(entity.key[0], into: out)
        guard entity.key.count > 1 else { return }
        let other = lanes.pushTexts()
        for part in entity.key.dropFirst() {
            texts(part, into: other)
            for row in 0..<count {
                out[row] = out[row].isAbsent || other[row].isAbsent ? .absent : out[row].combined(with: other[row])
            }
        }
        lanes.dropTexts()
    }

    private func fillNull(_ out: UnsafeMutablePointer<Double>) { out.update(repeating: .nan, count: count) }

    private func compareTexts(
        _ op: Expression.BinaryOperator,
        _ left: Expression,
        _ right: Expression,
        into out: UnsafeMutablePointer<Double>
    ) {
        let first = lanes.pushTexts()
        let second = lanes.pushTexts()
        texts(left, into: first)
        texts(right, into: second)
        let wanted = op == .equal
        for row in 0..<count {
            let known = !first[row].isAbsent && !second[row].isAbsent
            out[row] = known && (first[row] == second[row]) == wanted ? 1 : 0
        }
        lanes.dropTexts()
        lanes.dropTexts()
    }

    private func combine(
        _ op: Expression.BinaryOperator,
        _ out: UnsafeMutablePointer<Double>,
        _ other: UnsafeMutablePointer<Double>
    ) {
        switch op {
        case .add: for row in 0..<count { out[row] += other[row] }
        case .subtract: for row in 0..<count { out[row] -= other[row] }
        case .multiply: for row in 0..<count { out[row] *= other[row] }
        case .divide: for row in 0..<count { out[row] = other[row] == 0 ? .nan : out[row] / other[row] }
        case .remainder:
            for row in 0..<count {
                out[row] = other[row] == 0 ? .nan : out[row].truncatingRemainder(dividingBy: other[row])
            }
        case .equal: for row in 0..<count { out[row] = out[row] == other[row] ? 1 : 0 }
        // NaN differs from everything, but a comparison with null is false.
        case .notEqual:
            for row in 0..<count { out[row] = out[row] < other[row] || out[row] > other[row] ? 1 : 0 }
        case .less: for row in 0..<count { out[row] = out[row] < other[row] ? 1 : 0 }
        case .lessOrEqual: for row in 0..<count { out[row] = out[row] <= other[row] ? 1 : 0 }
        case .greater: for row in 0..<count { out[row] = out[row] > other[row] ? 1 : 0 }
        case .greaterOrEqual: for row in 0..<count { out[row] = out[row] >= other[row] ? 1 : 0 }
        case .and: for row in 0..<count { out[row] = out[row] == 1 && other[row] == 1 ? 1 : 0 }
        case .or: for row in 0..<count { out[row] = out[row] == 1 || other[row] == 1 ? 1 : 0 }
        }
    }
}
