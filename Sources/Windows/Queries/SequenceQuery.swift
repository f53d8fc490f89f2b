import Base
import Plan

/// Finds sequences of events of one key: each condition fulfilled behind the one before, in event time, the last event
/// less than `within` behind the first.
///
/// Of every key it is remembered, for each number of conditions fulfilled so far, when the latest such beginning began:
/// of two beginnings the later one can do whatever the earlier one can, and longer. So a key costs one word a step, an
/// event at most one pass over the steps, and no match is missed. A match uses its events up. Events wait until the
/// clock has passed them, so that they come in event time whatever their order in the log.
final class SequenceQuery: QueryMachine {
    /// A key's beginnings: `starts[k]` is when the latest one with k + 1 conditions fulfilled began; ``none`` for none.
    private static let none = Int64.min

    /// An event that fulfils some condition and waits for the clock.
    private struct Waiting {
        var time: Int64
        /// Order of arrival, for events of one instant.
        var number: UInt64
        var slot: Int32
        /// The conditions that it fulfils, by bit.
        var steps: UInt64

        func comesBefore(_ other: Waiting) -> Bool {
            time != other.time ? time < other.time : number < other.number
        }
    }

    private let steps: [Expression]
    private let within: Int64
    private let keys: KeyLanes
    private let lanes: Lanes
    private let condition: UnsafeMutablePointer<Double>
    private let hits: UnsafeMutablePointer<UInt64>
    private let partCount: Int

    private var table = TextTable()
    private var starts: [Int64] = []
    private var parts: [Text] = []
    private var pending: [Int32] = []
    private var newest: [Int64] = []
    private var waiting: [Waiting] = []
    private var arrivals: UInt64 = 0
    private var sweepPosition = 0
    private let names = KeyNames()
    private let output: RowOutput

    init(steps: [Expression], within: Int64, entity: Entity, capacity: Int) {
        self.steps = steps
        self.within = within
        keys = KeyLanes(entity: entity, capacity: capacity)
        lanes = Lanes(capacity: capacity)
        condition = .allocate(capacity: capacity)
        hits = .allocate(capacity: capacity)
        partCount = entity.key.count
        output = RowOutput(keyParts: partCount, columns: 0)
    }

    deinit {
        condition.deallocate()
        hits.deallocate()
    }

    func process(
        _ batch: ColumnBatch,
        rows positions: UnsafePointer<Int32>,
        clocks: UnsafePointer<Int64>,
        count: Int,
        into sink: any QuerySink
    ) {
        guard count > 0 else { return }
        let evaluator = Evaluator(lanes: lanes, batch: batch, rows: positions, count: count)
        hits.update(repeating: 0, count: count)
        for (step, expression) in steps.enumerated() {
            // Equal conditions, as in three of a kind, are evaluated once.
            if step == 0 || expression != steps[step - 1] { evaluator.numbers(expression, into: condition) }
            for event in 0..<count where condition[event] == 1 { hits[event] |= 1 << UInt64(step) }
        }
        guard (0..<count).contains(where: { hits[$0] != 0 }) else {
            return drain(upTo: clocks[count - 1], into: sink)
        }
        keys.evaluate(evaluator)
        for event in 0..<count where hits[event] != 0 {
            drain(upTo: clocks[event], into: sink)
            guard !keys.isAbsent(event) else { continue }
            let row = Int(positions[event])
            let slot = slot(of: event)
            keys.keepNames(event, row: row, batch, in: names)
            pending[slot] += 1
            push(Waiting(time: batch.times[row], number: arrivals, slot: Int32(slot), steps: hits[event]))
            arrivals += 1
        }
        drain(upTo: clocks[count - 1], into: sink)
        sweep(clock: clocks[count - 1], limit: count)
    }

    func finish(into sink: any QuerySink) {
        drain(upTo: .max, into: sink)
        output.flush(names, into: sink)
    }

    private func slot(of event: Int) -> Int {
        let key = keys.parts.dropFirst().reduce(keys.parts[0][event]) { $0.combined(with: $1[event]) }
        let (slot, isNew) = table.insert(key)
        guard isNew else { return slot }
        if slot == pending.count {
            pending.append(0)
            newest.append(Self.none)
            starts.append(contentsOf: repeatElement(Self.none, count: steps.count))
            parts.append(contentsOf: repeatElement(.absent, count: partCount))
        }
        for part in 0..<partCount { parts[slot * partCount + part] = keys.parts[part][event] }
        return slot
    }

    /// Lets the events before the clock happen. One at the clock may still be joined by others of its instant.
    private func drain(upTo clock: Int64, into sink: any QuerySink) {
        guard let first = waiting.first, first.time < clock || clock == .max else { return }
        while let next = waiting.first, next.time < clock || clock == .max { happen(pop(next), into: sink) }
        output.flush(names, into: sink)
    }

    private func happen(_ event: Waiting, into sink: any QuerySink) {
        let slot = Int(event.slot)
        let base = slot * steps.count
        pending[slot] -= 1
        newest[slot] = event.time
        // From the last step back, so that an event fulfils one condition of a beginning only.
        for step in (0..<steps.count).reversed() where event.steps >> UInt64(step) & 1 == 1 {
            let start = step == 0 ? event.time : starts[base + step - 1]
            guard start != Self.none, event.time - start < within else { continue }
            guard step == steps.count - 1 else {
                starts[base + step] = max(starts[base + step], start)
                continue
            }
            for other in 0..<steps.count { starts[base + other] = Self.none }
            output.add(
                start: start,
                end: event.time,
                key: { parts[slot * partCount + $0] },
                names: names,
                into: sink
            )
            return
        }
    }

    // MARK: - Keys that have passed

    private func sweep(clock: Int64, limit: Int) {
        for _ in 0..<min(limit, pending.count) {
            if sweepPosition >= pending.count { sweepPosition = 0 }
            let slot = sweepPosition
            sweepPosition += 1
            guard pending[slot] == 0, newest[slot] != Self.none, newest[slot] <= clock - within else { continue }
            for step in 0..<steps.count { starts[slot * steps.count + step] = Self.none }
            newest[slot] = Self.none
            table.remove(slot: slot)
        }
        // Names of keys without a slot are left behind; when no key is left at all, so are the names.
        if table.count == 0, waiting.isEmpty { names.removeAll() }
    }

    // MARK: - A heap of waiting events, the earliest first

    private func push(_ event: Waiting) {
        waiting.append(event)
        var place = waiting.count - 1
        while place > 0, waiting[place].comesBefore(waiting[(place - 1) / 2]) {
            waiting.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    private func pop(_ first: Waiting) -> Waiting {
        let last = waiting.removeLast()
        guard !waiting.isEmpty else { return first }
        waiting[0] = last
        var place = 0
        while true {
            var least = place
            for child in [place * 2 + 1, place * 2 + 2] where child < waiting.count {
                if waiting[child].comesBefore(waiting[least]) { least = child }
            }
            guard least != place else { return first }
            waiting.swapAt(place, least)
            place = least
        }
    }
}
