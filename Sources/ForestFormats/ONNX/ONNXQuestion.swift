import Forest

/// What a branch asks, in terms of ``Forest/NodeTest``: left is where the test holds.
struct Question {
    var test = NodeTest.less
    var threshold: Double
    /// Whether the true branch is on the left.
    var trueIsLeft = true
    var missingGoesLeft: Bool

    /// Whether the value is in a set of categories.
    init(set: Int, tracksMissing: Bool) {
        test = .inSet
        threshold = Double(set)
        missingGoesLeft = tracksMissing
    }

    init(
        _ mode: String,
        _ value: Double,
        tracksMissing: Bool,
        _ rows: ForestModel.Precision
    ) throws(ForestError) {
        guard !value.isNaN else { throw .invalid(part: "nodes_values", words: "a threshold is not a number") }
        switch mode {
        case "BRANCH_LEQ": threshold = Double(aboveOrEqual: value, rows)
        case "BRANCH_GT": (threshold, trueIsLeft) = (Double(aboveOrEqual: value, rows), false)
        case "BRANCH_LT" where value == .infinity, "BRANCH_GTE" where value == .infinity:
            throw .unsupported(words: "\(mode) with infinity")
        case "BRANCH_LT": threshold = Double(above: value, rows)
        case "BRANCH_GTE": (threshold, trueIsLeft) = (Double(above: value, rows), false)
        case "BRANCH_EQ", "BRANCH_NEQ":
            threshold = value
            guard rows == .double || Double(Float(value)) == value else {
                throw .unsupported(words: "\(mode) with a number that no row of 32 bits can hold")
            }
            (test, trueIsLeft) = (.equal, mode == "BRANCH_EQ")
        default: throw .unsupported(words: "node mode \(mode)")
        }
        // Missing is unequal to every number.
        let missingIsTrue = tracksMissing || mode == "BRANCH_NEQ"
        missingGoesLeft = missingIsTrue == trueIsLeft
    }
}

extension TreeGraph {
    mutating func appendLeaf() {
        let leaf = leafCount
        leafCount += 1
        feature.append(-1)
        test.append(.less)
        threshold.append(0)
        missingGoesLeft.append(true)
        left.append(-1)
        right.append(leaf)
        cover.append(0)
    }

    mutating func append(_ column: Int32, _ question: Question, yes: Int, no: Int) {
        feature.append(column)
        test.append(question.test)
        threshold.append(question.threshold)
        missingGoesLeft.append(question.missingGoesLeft)
        left.append(question.trueIsLeft ? yes : no)
        right.append(question.trueIsLeft ? no : yes)
        cover.append(0)
    }
}
