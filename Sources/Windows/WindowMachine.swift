import Base
import Plan

/// The keyed windows and features of one partition: batches of events in log order go in, feature columns come out.
///
/// A pure state machine: no clock but event time, no I/O. The result for an event depends on the events before it only,
/// never on how they were cut into batches (C2, C8).
public final class WindowMachine {
    /// One entity's aggregates, and where in its rows their arguments are.
    private struct EntityPlan {
        var key: Entity
        /// Where in a row the amount is that an alert of this entity adds up; nil without one.
        var amountWord: Int?
        var numberArguments: [(expression: Expression, word: Int)] = []
        var textArguments: [(expression: Expression, word: Int)] = []
        var groups: [Group] = []
        var windows: [Window] = []
        var width = EntityState.firstArgumentWord
    }

    /// The aggregates of one window.
    private struct Group {
        var window: Window
        var aggregates: [(index: Int, function: Aggregate.Function, word: Int, isText: Bool, excludesCurrent: Bool)]
    }

    /// A boxed state, so that an array can hold several.
    final class StateBox {
        var state: EntityState

        init(windows: [Window], width: Int) { state = EntityState(windows: windows, width: width) }
    }

    public let plan: PipelinePlan
    /// Events a batch at most.
    public let capacity: Int
    private var entityPlans: [EntityPlan] = []
    var states: [StateBox] = []
    private let lanes: Lanes
    private var aggregateLanes: [UnsafeMutablePointer<Double>] = []
    private var featureLanes: [UnsafeMutablePointer<Double>] = []
    private var keyLanes: [UnsafeMutablePointer<Text>] = []
    private var ruleLanes: [UnsafeMutablePointer<Double>] = []
    private var argumentLanes: [[UnsafeMutablePointer<Double>]] = []
    private var textLanes: [[UnsafeMutablePointer<Text>]] = []
    private var distinct = DistinctSet()

    public init(plan: PipelinePlan, capacity: Int) {
        self.plan = plan
        self.capacity = capacity
        lanes = Lanes(capacity: capacity)
        entityPlans = plan.entities.map { EntityPlan(key: $0) }
        for (index, aggregate) in plan.aggregates.enumerated() { place(aggregate, index: index) }
        for detector in plan.detectors {
            let window = Window(entity: detector.entity, kind: .session(gap: detector.sessionGap))
            if !entityPlans[detector.entity].windows.contains(window) {
                entityPlans[detector.entity].windows.append(window)
            }
            if let amount = plan.schema.index(ofRole: .amount) {
                let word = numberWord(.field(amount, .number), entity: detector.entity)
                entityPlans[detector.entity].amountWord = word
            }
        }
        states = entityPlans.map { StateBox(windows: $0.windows, width: $0.width) }
        aggregateLanes = plan.aggregates.map { _ in .allocate(capacity: capacity) }
        featureLanes = plan.features.map { _ in .allocate(capacity: capacity) }
        ruleLanes = plan.detectors.map { _ in .allocate(capacity: capacity) }
        keyLanes = plan.entities.map { _ in .allocate(capacity: capacity) }
        argumentLanes = entityPlans.map { $0.numberArguments.map { _ in .allocate(capacity: capacity) } }
        textLanes = entityPlans.map { $0.textArguments.map { _ in .allocate(capacity: capacity) } }
    }

    deinit {
        for lane in aggregateLanes + featureLanes + ruleLanes + argumentLanes.flatMap({ $0 }) { lane.deallocate() }
        for lane in keyLanes + textLanes.flatMap({ $0 }) { lane.deallocate() }
    }

    private func place(_ aggregate: Aggregate, index: Int) {
        var word = 0
        let isText = aggregate.argument?.type == .text
        if let argument = aggregate.argument {
            let entity = aggregate.window.entity
            word = isText ? textWord(argument, entity: entity) : numberWord(argument, entity: entity)
        }
        var plan = entityPlans[aggregate.window.entity]
        defer { entityPlans[aggregate.window.entity] = plan }
        if !plan.windows.contains(aggregate.window) { plan.windows.append(aggregate.window) }
        let entry = (index, aggregate.function, word, isText, aggregate.excludesCurrent)
        if let group = plan.groups.firstIndex(where: { $0.window == aggregate.window }) {
            plan.groups[group].aggregates.append(entry)
        } else {
            plan.groups.append(Group(window: aggregate.window, aggregates: [entry]))
        }
    }

    /// Where in the entity's rows the value of an expression is kept; equal expressions share a word.
    private func numberWord(_ expression: Expression, entity: Int) -> Int {
        if let known = entityPlans[entity].numberArguments.first(where: { $0.expression == expression }) {
            return known.word
        }
        let word = entityPlans[entity].width
        entityPlans[entity].numberArguments.append((expression, word))
        entityPlans[entity].width += 1
        return word
    }

    private func textWord(_ expression: Expression, entity: Int) -> Int {
        if let known = entityPlans[entity].textArguments.first(where: { $0.expression == expression }) {
            return known.word
        }
        let word = entityPlans[entity].width
        entityPlans[entity].textArguments.append((expression, word))
        entityPlans[entity].width += 2
        return word
    }

    /// Values of a feature for the events of the last batch, dense in the order of its `rows`.
    public func feature(_ index: Int) -> UnsafePointer<Double> { UnsafePointer(featureLanes[index]) }

    /// Whether the rule of a detector is true (1) for the events of the last batch.
    public func rule(_ detector: Int) -> UnsafePointer<Double> { UnsafePointer(ruleLanes[detector]) }

    /// Keys of an entity for the events of the last batch.
    public func keys(_ entity: Int) -> UnsafePointer<Text> { UnsafePointer(keyLanes[entity]) }

    /// Keys that are held for an entity.
    public func keyCount(_ entity: Int) -> Int { states[entity].state.keyCount }

    /// Takes the accepted events of a batch in log order and computes their features and rules.
    ///
    /// - Parameters:
    ///   - batch: The events' columns.
    ///   - rows: Their positions in the batch, ascending.
    ///   - offsets: Their offsets in the partition.
    ///   - clocks: The partition's clock as of each event, microseconds.
    ///   - count: How many they are.
    public func process(
        _ batch: ColumnBatch,
        rows: UnsafePointer<Int32>,
        offsets: UnsafePointer<Int64>,
        clocks: UnsafePointer<Int64>,
        count: Int
    ) {
        precondition(count <= capacity, "A batch is at most `capacity` events.")
        let evaluator = Evaluator(
            lanes: lanes,
            batch: batch,
            rows: rows,
            count: count,
            aggregates: aggregateLanes,
            features: featureLanes
        )
        for entity in entityPlans.indices {
            evaluator.keys(entityPlans[entity].key, into: keyLanes[entity])
            for (lane, argument) in zip(argumentLanes[entity], entityPlans[entity].numberArguments) {
                evaluator.numbers(argument.expression, into: lane)
            }
            for (lane, argument) in zip(textLanes[entity], entityPlans[entity].textArguments) {
                evaluator.texts(argument.expression, into: lane)
            }
            if !entityPlans[entity].windows.isEmpty {
                step(entity, batch, rows: rows, offsets: offsets, clocks: clocks, count: count)
            }
        }
        for (lane, feature) in zip(featureLanes, plan.features) { evaluator.numbers(feature.expression, into: lane) }
        for (lane, detector) in zip(ruleLanes, plan.detectors) {
            if case .rule(let condition, _) = detector.kind { evaluator.numbers(condition, into: lane) }
        }
    }

    private func step(
        _ entity: Int,
        _ batch: ColumnBatch,
        rows: UnsafePointer<Int32>,
        offsets: UnsafePointer<Int64>,
        clocks: UnsafePointer<Int64>,
        count: Int
    ) {
        let plan = entityPlans[entity]
        let box = states[entity]
        let keys = keyLanes[entity]
        let numbers = argumentLanes[entity]
        let texts = textLanes[entity]
        for event in 0..<count {
            guard !keys[event].isAbsent else {
                for group in plan.groups {
                    for aggregate in group.aggregates { aggregateLanes[aggregate.index][event] = .nan }
                }
                continue
            }
            let time = batch.times[Int(rows[event])]
            let (slot, position) = box.state.insert(
                keys[event],
                time: time,
                offset: offsets[event],
                clock: clocks[0]
            )
            let (start, rowCount) = box.state.rows(of: slot)
            let block = box.state.arena.words + start
            let row = block + position * plan.width
            for index in numbers.indices { row[plan.numberArguments[index].word] = numbers[index][event].bitPattern }
            for index in texts.indices {
                row[plan.textArguments[index].word] = texts[index][event].low
                row[plan.textArguments[index].word + 1] = texts[index][event].high
            }
            for group in plan.groups {
                let range = range(group.window, block, plan.width, position: position, rowCount: rowCount, time: time)
                for aggregate in group.aggregates {
                    var seen = range
                    if aggregate.excludesCurrent || aggregate.function == .zscore, range.end == position + 1 {
                        seen = RowRange(
                            words: range.words,
                            width: range.width,
                            first: range.first,
                            end: range.end - 1
                        )
                    }
                    aggregateLanes[aggregate.index][event] = value(
                        aggregate.function,
                        seen,
                        word: aggregate.word,
                        isText: aggregate.isText,
                        current: UnsafePointer(row)
                    )
                }
            }
        }
        // With the clock of the batch's start: what any event of this batch may still ask for is kept until its end.
        if count > 0 { box.state.sweep(clock: clocks[0], limit: count * 2) }
    }

    /// The rows that a window shows to the event at `position`: never any behind it.
    private func range(
        _ window: Window,
        _ block: UnsafeMutablePointer<UInt64>,
        _ width: Int,
        position: Int,
        rowCount: Int,
        time: Int64
    ) -> RowRange {
        func timeOf(_ row: Int) -> Int64 { Int64(bitPattern: block[row * width]) }
        var first = position
        var end = position + 1
        switch window.kind {
        case .sliding(let size):
            while first > 0, timeOf(first - 1) > time - window.delay - size { first -= 1 }
            if window.delay > 0 {
                while end > first, timeOf(end - 1) > time - window.delay { end -= 1 }
            }
        case .tumbling(let size):
            let start = time - (time % size + size) % size
            while first > 0, timeOf(first - 1) >= start { first -= 1 }
        case .session(let gap):
            while first > 0, timeOf(first) - timeOf(first - 1) <= gap { first -= 1 }
        }
        return RowRange(words: UnsafePointer(block), width: width, first: first, end: end)
    }

    private func value(
        _ function: Aggregate.Function,
        _ range: RowRange,
        word: Int,
        isText: Bool,
        current: UnsafePointer<UInt64>
    ) -> Double {
        switch function {
        case .count: return word == 0 ? Double(range.end - range.first) : range.count(whereTrue: word)
        case .sum: return range.sum(word)
        case .mean, .avg: return range.mean(word)
        case .min: return range.minimum(word)
        case .max: return range.maximum(word)
        case .std: return range.deviation(word)
        case .distinct:
            return isText
                ? range.distinctTexts(word, scratch: &distinct) : range.distinctNumbers(word, scratch: &distinct)
        case .share: return range.share(whereTrue: word)
        case .first: return range.firstKnown(word)
        case .last: return range.lastKnown(word)
        case .sincePrevious:
            guard range.end - range.first >= 2 else { return .nan }
            return Double(range.time(range.end - 1) - range.time(range.end - 2)) / 1_000_000
        case .zscore:
            let deviation = range.deviation(word)
            return deviation > 0 ? (Double(bitPattern: current[word]) - range.mean(word)) / deviation : .nan
        }
    }

    /// The events in an entity's session up to the one with that offset, oldest first, each with its amount (0 without
    /// one): what an alert that opens there is about.
    public func session(
        entity: Int,
        key: Text,
        gap: Int64,
        upTo offset: Int64
    ) -> [(offset: Int64, time: Int64, amount: Double)] {
        let box = states[entity]
        guard let slot = box.state.slot(of: key) else { return [] }
        let width = entityPlans[entity].width
        let amountWord = entityPlans[entity].amountWord
        let (start, count) = box.state.rows(of: slot)
        let block = box.state.arena.words + start
        func timeOf(_ row: Int) -> Int64 { Int64(bitPattern: block[row * width]) }
        func amountOf(_ row: Int) -> Double {
            guard let amountWord else { return 0 }
            let amount = Double(bitPattern: block[row * width + amountWord])
            return amount.isNaN ? 0 : amount
        }
        func offsetOf(_ row: Int) -> Int64 { Int64(bitPattern: block[row * width + EntityState.offsetWord]) }
        // Later events of the same batch are in the block already: only what had arrived by then counts (C8).
        var events: [(offset: Int64, time: Int64, amount: Double)] = []
        var row = count - 1
        while row >= 0, offsetOf(row) != offset { row -= 1 }
        while row >= 0 {
            if offsetOf(row) <= offset {
                if let next = events.last, next.time - timeOf(row) > gap { break }
                events.append((offsetOf(row), timeOf(row), amountOf(row)))
            }
            row -= 1
        }
        return events.reversed()
    }
}
