/// Where what the engine finds goes: alerts, evidence, ledger and offset of a stretch of a partition, in one transaction
/// (C3). The database at the edge; a model of one in a simulation.
public protocol AlertSink: AnyObject, Sendable {
    /// Writes everything or nothing. Writing the same stretch again changes nothing.
    ///
    /// - Parameters:
    ///   - output: what a stretch of events led to, up to `output.nextOffset`.
    ///   - rejectLines: the recording's line of each rejected event, where it is known.
    /// - Throws: an error of the sink's own. Only opening it again tells whether everything or nothing has been written.
    func commit(_ output: EngineOutput, rejectLines: [Int?]) throws
}
