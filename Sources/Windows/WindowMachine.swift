import Base
import Plan
import State

/// The keyed windows and features of one partition: batches of events in log order go in, feature columns come out.
///
/// A pure state machine: no clock but event time, no I/O. The result for an event depends on the events before it only,
/// never on how they were cut into batches (C2, C8).
public final class WindowMachine {
    /// A boxed state, so that an array can hold several.
    final class StateBox {
        var state: EntityState

        init(_ program: EntityProgram, table: StateTable) { state = EntityState(program, table: table) }
    }

    public let plan: PipelinePlan
    /// Events a batch at most.
    public let capacity: Int
    var programs: [EntityProgram]
    let states: [StateBox]
    private let lanes: Lanes
    private let aggregateLanes: [UnsafeMutablePointer<Double>]
    private let featureLanes: [UnsafeMutablePointer<Double>]
    private let ruleLanes: [UnsafeMutablePointer<Double>]
    private var distinct = DistinctSet()
    private let expected = UnsafeMutablePointer<Int32>.allocate(capacity: EntityState.groupSize)

    /// A machine without any key, for batches of `capacity` events at most. O(aggregates × capacity) memory.
    public init(plan: PipelinePlan, capacity: Int) {
        self.plan = plan
        self.capacity = capacity
        lanes = Lanes(capacity: capacity)
        let results = plan.aggregates.map { _ in UnsafeMutablePointer<Double>.allocate(capacity: capacity) }
        aggregateLanes = results
        featureLanes = plan.features.map { _ in .allocate(capacity: capacity) }
        ruleLanes = plan.detectors.map { _ in .allocate(capacity: capacity) }
        programs = plan.entities.indices.map { EntityProgram($0, plan, capacity: capacity, results: results) }
        states = programs.enumerated().map { StateBox($1, table: StateTable(UInt16($0))) }
    }

    deinit {
        for lane in aggregateLanes + featureLanes + ruleLanes { lane.deallocate() }
        expected.deallocate()
    }

    /// Keeps the events of an entity in a table, with what is kept of each in an order. There must be none yet.
    func keep(_ entity: Int, in table: StateTable, order: [EntityProgram.Column]) {
        precondition(states[entity].state.keyCount == 0, "What is kept already lies in another order.")
        if order != programs[entity].columns { programs[entity] = program(of: entity, order: order) }
        states[entity].state = EntityState(programs[entity], table: table)
    }

    func program(of entity: Int, order: [EntityProgram.Column]) -> EntityProgram {
        EntityProgram(entity, plan, capacity: capacity, results: aggregateLanes, order: order)
    }

    func evaluator(_ batch: ColumnBatch, _ rows: UnsafePointer<Int32>, _ count: Int) -> Evaluator {
        Evaluator(
            lanes: lanes,
            batch: batch,
            rows: rows,
            count: count,
            aggregates: aggregateLanes,
            features: featureLanes
        )
    }

    /// Forgets all keys.
    public func reset() {
        for (program, box) in zip(programs, states) { box.state = EntityState(program, table: box.state.stateTable) }
    }

    /// Values of a feature for the events of the last batch, dense in the order of its `rows`.
    public func feature(_ index: Int) -> UnsafePointer<Double> { UnsafePointer(featureLanes[index]) }

    /// Whether the rule of a detector is true (1) for the events of the last batch.
    public func rule(_ detector: Int) -> UnsafePointer<Double> { UnsafePointer(ruleLanes[detector]) }

    /// Keys of an entity for the events of the last batch.
    public func keys(_ entity: Int) -> UnsafePointer<Text> { UnsafePointer(programs[entity].keys) }

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
        let evaluator = evaluator(batch, rows, count)
        for (program, box) in zip(programs, states) {
            program.evaluate(evaluator)
            if !program.windows.isEmpty { step(program, box, batch, rows, offsets, clocks, count) }
        }
        for (lane, feature) in zip(featureLanes, plan.features) { evaluator.numbers(feature.expression, into: lane) }
        for (lane, detector) in zip(ruleLanes, plan.detectors) {
            if case .rule(let condition, _) = detector.kind { evaluator.numbers(condition, into: lane) }
        }
        precondition(lanes.isUnused, "Every lane that was taken has been given back.")
    }

    private func step(
        _ program: EntityProgram,
        _ box: StateBox,
        _ batch: ColumnBatch,
        _ rows: UnsafePointer<Int32>,
        _ offsets: UnsafePointer<Int64>,
        _ clocks: UnsafePointer<Int64>,
        _ count: Int
    ) {
        guard count > 0 else { return }
        let (keys, width, times) = (program.keys, program.width, batch.times)
        for event in 0..<count {
            if event % EntityState.groupSize == 0 {
                let next = min(EntityState.groupSize, count - event)
                box.state.expect(keys + event, count: next, scratch: expected)
            }
            guard !keys[event].isAbsent else {
                for operation in program.operations { operation.lane[event] = .nan }
                continue
            }
            let time = times[Int(rows[event])]
            let (slot, position) = box.state.insert(
                keys[event],
                time: time,
                offset: offsets[event],
                clock: clocks[0]
            )
            let (start, rowCount) = box.state.rows(of: slot)
            let block = box.state.arena.words + start
            let row = block + position * width
            program.write(event, to: row)
            let running = box.state.running(of: slot, rowCount: rowCount)
            if let running { program.noteInsertion(at: position, block, running) }
            for (number, group) in program.groups.enumerated() {
                let range = RowRange(
                    group.window,
                    block,
                    width,
                    position: position,
                    time: time,
                    near: running?.spans[number]
                )
                if let running { program.move(group, to: range, block, &running.spans[number], running) }
                let endsHere = range.end == position + 1
                for index in group.operations {
                    let operation = program.operations[index]
                    operation.lane[event] = value(operation, program, range, row, endsHere: endsHere, running)
                }
            }
        }
        // With the clock of the batch's start: what any event of this batch may still ask for is kept until its end.
        box.state.sweep(clock: clocks[0], limit: count * 2)
    }

    /// What an aggregate is for the event of a row, over the rows that its window shows; `endsHere` if the row is the
    /// last of them.
    @inline(__always)
    private func value(
        _ operation: EntityProgram.Operation,
        _ program: EntityProgram,
        _ range: RowRange,
        _ row: UnsafeMutablePointer<UInt64>,
        endsHere: Bool,
        _ running: RunningWindows.Known?
    ) -> Double {
        let leavesOut = operation.excludesCurrent && endsHere
        let seen = leavesOut ? range.dropLast() : range
        guard operation.moment >= 0 else {
            guard operation.counter >= 0, let running else { return seen.value(operation, scratch: &distinct) }
            return program.distinct(operation.counter, running, without: leavesOut ? row : nil)
        }
        let source = program.moments[operation.moment]
        guard let running else { return seen.value(operation, seen.moments(source), current: row) }
        if source.hasExtremes { range.findExtremes(source.word, &running.moments[operation.moment]) }
        var moments = running.moments[operation.moment]
        if leavesOut {
            moments.change(Double(bitPattern: row[source.word]), adding: false, source)
            if source.hasExtremes { seen.findExtremes(source.word, &moments) }
        }
        return seen.value(operation, moments, current: row)
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
        let width = programs[entity].width
        let amountWord = programs[entity].amountWord
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
