public import Engine

/// Hands over the further evidence of an alert, one event after the other.
public typealias FurtherEvidence = (AlertUpdate, (Evidence) throws -> Void) throws -> Void

/// Where what the engine finds goes: alerts, evidence, ledger and offset of a stretch of a partition, in one
/// transaction (C3). The database at the edge; a model of one in a simulation.
public protocol AlertSink: AnyObject, Sendable {
    /// Writes everything or nothing. Writing the same stretch again changes nothing.
    ///
    /// - Parameters:
    ///   - output: what a stretch of events led to, up to `output.nextOffset`.
    ///   - further: reads the further evidence of an alert of the output, in the order of the log.
    /// - Throws: ``SinkError``
    func commit(_ output: EngineOutput, further: FurtherEvidence) throws(SinkError)

    /// Makes everything that was committed survive a power cut: a checkpoint is never ahead of the sink, so that there
    /// is one to go on from even where the log no longer has the events before it. Any thread may call it.
    func sync() throws(SinkError)
}

/// Why a sink has not taken a stretch.
public enum SinkError: Error {
    /// Somebody else keeps it from writing, or it has no room; nothing was written, and the same stretch, or a longer
    /// one, is welcome later.
    case busy(any Error)
    /// Only opening the sink again tells whether everything or nothing has been written.
    case failed(any Error)
}
