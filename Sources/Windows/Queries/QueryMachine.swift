public import Plan

/// Computes one query of a pipeline over one partition: accepted events in log order go in, finished rows come out.
///
/// The rows and their order depend on the events and their order only, never on how they were cut into batches (C2).
public protocol QueryMachine: AnyObject {
    /// Takes the accepted events of a batch.
    ///
    /// - Parameters:
    ///   - batch: The events' columns.
    ///   - positions: Where in the batch they are, ascending.
    ///   - clocks: The partition's clock as of each event, microseconds.
    ///   - count: How many they are.
    ///   - sink: Takes the rows that the clock has finished.
    func process(
        _ batch: ColumnBatch,
        rows positions: UnsafePointer<Int32>,
        clocks: UnsafePointer<Int64>,
        count: Int,
        into sink: any QuerySink
    )

    /// The stream has ended: what is open is finished as if the clock had passed it.
    func finish(into sink: any QuerySink)
}

extension Query {
    /// A machine for one partition; batches have at most `capacity` events.
    public func machine(_ plan: PipelinePlan, capacity: Int) -> any QueryMachine {
        let entity = plan.entities[self.entity]
        switch kind {
        case .windows(let size, let every, let columns):
            return WindowQuery(size: size, every: every, columns: columns, entity: entity, capacity: capacity)
        case .sequence(let steps, let within):
            return SequenceQuery(steps: steps, within: within, entity: entity, capacity: capacity)
        }
    }
}
