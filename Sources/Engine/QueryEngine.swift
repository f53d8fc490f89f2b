import Base
public import Plan
public import Windows

/// One partition of a continuous query: events in log order go in, finished rows go to the sink.
///
/// Accepts the events that a replay of the same log would accept: late, double and broken ones are counted, not used.
public final class QueryEngine {
    private let intake: Intake
    private let machine: any QueryMachine
    private var output: EngineOutput
    /// Where the events went so far.
    public private(set) var ledger = Ledger()

    /// A query over one partition, which has had no event; of `capacity` events a batch at most.
    public init(_ query: Query, plan: PipelinePlan, partition: Int, capacity: Int) {
        intake = Intake(plan: plan, capacity: capacity)
        machine = query.machine(plan, capacity: capacity)
        output = EngineOutput(partition: partition)
    }

    /// Takes the next events of the partition.
    ///
    /// - Parameters:
    ///   - batch: decoded events, of all partitions, that an ``EventClock`` has seen.
    ///   - rows: positions in the batch of this partition's events, ascending.
    ///   - sink: takes the rows that became complete.
    public func process(_ batch: ColumnBatch, rows: UnsafeBufferPointer<Int32>, into sink: any QuerySink) {
        let base = Int64(ledger.events)
        intake.admit(batch, rows: rows, baseOffset: base, emits: true, isJudged: true, into: &output)
        ledger += output.ledger
        output.removeAll()
        machine.process(batch, rows: intake.rows, clocks: intake.clocks, count: intake.count, into: sink)
    }

    /// The stream has ended: hands out what is still open.
    public func finish(into sink: any QuerySink) { machine.finish(into: sink) }
}
