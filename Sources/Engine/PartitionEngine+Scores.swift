import Plan

/// What a model detector says of single events of the last batch.
extension PartitionEngine {
    /// P(fraud) for the i-th accepted event (C10); nil for a detector without a model.
    public func score(detector: Int, of index: Int) -> Double? { scorers[detector]?.score(of: index) }

    /// The most probable kind of fraud of the i-th accepted event; nil for a detector without a model.
    public func fraudClass(detector: Int, of index: Int) -> String? { scorers[detector]?.fraudClass(of: index) }
}
