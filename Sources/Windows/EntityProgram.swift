import Base
import Plan

/// What to do for each event of an entity, laid flat for the hot loop: which values go into its row, which windows look
/// at the rows, and which aggregates each window has. Made once; nothing in it is reference-counted.
final class EntityProgram {
    /// A value of the event that goes into its row.
    struct Argument<Value> {
        let lane: UnsafeMutablePointer<Value>
        let word: Int
    }

    struct Operation {
        let function: Aggregate.Function
        /// Where in a row the argument is; 0 without one.
        let word: Int
        let isText: Bool
        /// The current event is left out.
        let excludesCurrent: Bool
        /// Which of the entity's moments or counters say the result; -1 if the rows must be gone through.
        var moment = -1
        var counter = -1
        /// Where the results go, one an event.
        let lane: UnsafeMutablePointer<Double>
    }

    /// A value that is summed up over a window.
    struct Moment: Equatable {
        let word: Int
        var hasSquares = false
        var hasExtremes = false
    }

    /// A value whose different ones are counted over a window.
    struct Counter: Equatable {
        let word: Int
        let isText: Bool

        /// Numbers are counted as texts; -0 and 0 are one value.
        @inline(__always)
        func value(of row: UnsafePointer<UInt64>) -> Text {
            guard !isText else { return Text(low: row[word], high: row[word + 1]) }
            let number = Double(bitPattern: row[word])
            return number.isNaN ? .absent : Text(low: (number == 0 ? 0.0 : number).bitPattern, high: 1)
        }
    }

    struct Group {
        let window: Window
        let operations: Range<Int>
        let moments: Range<Int>
        let counters: Range<Int>
    }

    /// What lies in the words of a row behind the offset, one after the other.
    enum Column: Equatable {
        case value(Expression)
        /// So many words that a program before this one had for something else.
        case unused(words: Int)
    }

    let key: Entity
    let windows: [Window]
    /// Words of a row.
    let width: Int
    /// Where in a row the amount is that an alert of this entity adds up; nil without one.
    let amountWord: Int?
    let keys: UnsafeMutablePointer<Text>
    let numbers: UnsafeMutableBufferPointer<Argument<Double>>
    let texts: UnsafeMutableBufferPointer<Argument<Text>>
    let groups: UnsafeMutableBufferPointer<Group>
    let operations: UnsafeMutableBufferPointer<Operation>
    let moments: UnsafeMutableBufferPointer<Moment>
    let counters: UnsafeMutableBufferPointer<Counter>
    /// What is kept of each event, in the order of the words of a row.
    let columns: [Column]
    private let numberExpressions: [Expression]
    private let textExpressions: [Expression]

    /// - Parameters:
    ///   - entity: The entity's index in the plan.
    ///   - plan: The pipeline.
    ///   - capacity: Events a batch at most.
    ///   - results: A lane for each aggregate of the plan.
    ///   - order: What is kept of each event comes in this order, then what is not in it. No result depends on it.
    init(
        _ entity: Int,
        _ plan: PipelinePlan,
        capacity: Int,
        results: [UnsafeMutablePointer<Double>],
        order: [Column] = []
    ) {
        key = plan.entities[entity]
        var layout = Layout()
        for column in order { layout.add(column) }
        let mine = plan.aggregates.indices.filter { plan.aggregates[$0].window.entity == entity }
        for index in mine where !layout.windows.contains(plan.aggregates[index].window) {
            layout.windows.append(plan.aggregates[index].window)
        }
        for window in layout.windows {
            let ofWindow = mine.filter { plan.aggregates[$0].window == window }
            layout.add(window, ofWindow.map { (plan.aggregates[$0], results[$0]) })
        }
        // An alert looks at its session, whether or not a feature does.
        var amountWord: Int?
        for detector in plan.detectors where detector.entity == entity {
            let window = Window(entity: entity, kind: .session(gap: detector.sessionGap))
            if !layout.windows.contains(window) { layout.windows.append(window) }
            if let amount = plan.schema.index(ofRole: .amount) {
                amountWord = layout.word(of: .field(amount, .number))
            }
        }
        precondition(layout.operations.count == mine.count, "Each aggregate is in one window.")
        windows = layout.windows
        width = layout.width
        self.amountWord = amountWord
        groups = Self.flat(layout.groups)
        operations = Self.flat(layout.operations)
        moments = Self.flat(layout.moments)
        counters = Self.flat(layout.counters)
        keys = .allocate(capacity: capacity)
        numbers = Self.flat(layout.numbers.map { Argument(lane: .allocate(capacity: capacity), word: $0.word) })
        texts = Self.flat(layout.texts.map { Argument(lane: .allocate(capacity: capacity), word: $0.word) })
        columns = layout.columns
        numberExpressions = layout.numbers.map(\.expression)
        textExpressions = layout.texts.map(\.expression)
    }

    deinit {
        for argument in numbers { argument.lane.deallocate() }
        for argument in texts { argument.lane.deallocate() }
        keys.deallocate()
        numbers.deinitialize().deallocate()
        texts.deinitialize().deallocate()
        groups.deinitialize().deallocate()
        operations.deinitialize().deallocate()
        moments.deinitialize().deallocate()
        counters.deinitialize().deallocate()
    }

    /// The values of the row of each event.
    var values: [Expression] {
        columns.compactMap { if case .value(let expression) = $0 { expression } else { nil } }
    }

    /// Puts what is kept of an event of the batch into its row.
    @inline(__always)
    func write(_ event: Int, to row: UnsafeMutablePointer<UInt64>) {
        for argument in numbers { row[argument.word] = argument.lane[event].bitPattern }
        for argument in texts {
            row[argument.word] = argument.lane[event].low
            row[argument.word + 1] = argument.lane[event].high
        }
    }

    /// Whether what is known of the windows for one program is so for the other.
    func knows(sameAs other: EntityProgram) -> Bool {
        groups.count == other.groups.count && moments.count == other.moments.count
            && counters.count == other.counters.count
            && zip(groups, other.groups).allSatisfy {
                $0.window.kind == $1.window.kind && $0.window.delay == $1.window.delay && $0.moments == $1.moments
                    && $0.counters == $1.counters
            } && zip(moments, other.moments).allSatisfy(==) && zip(counters, other.counters).allSatisfy(==)
    }

    private static func flat<Element>(_ elements: [Element]) -> UnsafeMutableBufferPointer<Element> {
        let buffer = UnsafeMutableBufferPointer<Element>.allocate(capacity: elements.count)
        _ = buffer.initialize(from: elements)
        return buffer
    }

    /// Computes the keys and the values of a batch's events.
    func evaluate(_ evaluator: Evaluator) {
        evaluator.keys(key, into: keys)
        for (argument, expression) in zip(numbers, numberExpressions) {
            evaluator.numbers(expression, into: argument.lane)
        }
        for (argument, expression) in zip(texts, textExpressions) { evaluator.texts(expression, into: argument.lane) }
    }
}

/// A program while it is being made: which word of a row holds what, and what is computed of it.
private struct Layout {
    var windows: [Window] = []
    var numbers: [(expression: Expression, word: Int)] = []
    var texts: [(expression: Expression, word: Int)] = []
    var width = EntityState.firstArgumentWord
    var columns: [EntityProgram.Column] = []
    var groups: [EntityProgram.Group] = []
    var operations: [EntityProgram.Operation] = []
    var moments: [EntityProgram.Moment] = []
    var counters: [EntityProgram.Counter] = []

    mutating func add(_ column: EntityProgram.Column) {
        switch column {
        case .value(let expression): _ = word(of: expression)
        case .unused(let words):
            columns.append(column)
            width += words
        }
    }

    /// Where the value of an expression is kept; equal ones share a word.
    mutating func word(of expression: Expression) -> Int {
        let isText = expression.type == .text
        if let known = (isText ? texts : numbers).first(where: { $0.expression == expression }) { return known.word }
        defer { width += isText ? 2 : 1 }
        columns.append(.value(expression))
        if isText { texts.append((expression, width)) } else { numbers.append((expression, width)) }
        return width
    }

    /// Adds a window with its aggregates, each with the lane that its results go to.
    mutating func add(_ window: Window, _ aggregates: [(Aggregate, lane: UnsafeMutablePointer<Double>)]) {
        let start = operations.count
        let firstMoment = moments.count
        let firstCounter = counters.count
        for (aggregate, lane) in aggregates {
            var argumentWord = 0
            if let argument = aggregate.argument { argumentWord = word(of: argument) }
            operations.append(
                EntityProgram.Operation(
                    function: aggregate.function,
                    word: argumentWord,
                    isText: aggregate.argument?.type == .text,
                    excludesCurrent: aggregate.excludesCurrent || aggregate.function == .zscore,
                    lane: lane
                )
            )
        }
        for index in start..<operations.count {
            if operations[index].isOfMoments { shareMoment(index, from: firstMoment) }
            if operations[index].function == .distinct { shareCounter(index, from: firstCounter) }
        }
        groups.append(
            EntityProgram.Group(
                window: window,
                operations: start..<operations.count,
                moments: firstMoment..<moments.count,
                counters: firstCounter..<counters.count
            )
        )
    }

    /// Gives an operation the moment of its value, one for all of the window that are of the same.
    private mutating func shareMoment(_ index: Int, from first: Int) {
        let word = operations[index].word
        let known = moments[first...].firstIndex { $0.word == word }
        if known == nil { moments.append(EntityProgram.Moment(word: word)) }
        let moment = known ?? moments.count - 1
        operations[index].moment = moment
        switch operations[index].function {
        case .std, .zscore: moments[moment].hasSquares = true
        case .min, .max: moments[moment].hasExtremes = true
        default: break
        }
    }

    /// The same with the counter of different values.
    private mutating func shareCounter(_ index: Int, from first: Int) {
        let counter = EntityProgram.Counter(word: operations[index].word, isText: operations[index].isText)
        let known = counters[first...].firstIndex { $0.word == counter.word }
        if known == nil { counters.append(counter) }
        operations[index].counter = known ?? counters.count - 1
    }
}

extension EntityProgram.Operation {
    /// Whether moments say the result; otherwise the rows are gone through.
    fileprivate var isOfMoments: Bool {
        switch function {
        case .count, .share: word != 0
        case .sum, .mean, .avg, .std, .zscore, .min, .max: true
        case .distinct, .first, .last, .sincePrevious: false
        }
    }
}
