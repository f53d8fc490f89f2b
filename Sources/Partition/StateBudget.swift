/// How a limit for keyed state is shared out in one partition. Most of it is for keys; the rest for what they bring
/// with them, so that all of it together stays near the limit.
public struct StateBudget: Sendable, Equatable {
    /// Bytes of keys with their rows, remembered ids and open alerts. A quarter more while a checkpoint is being
    /// written.
    public let state: Int
    /// Bytes of changes from which a checkpoint of them is made. Twice as many while the last one is being written.
    public let image: Int
    /// Bytes of filters that say which keys are on disk.
    public let filters: Int
    /// Bytes of recent events that are held for alerts.
    public let evidence: Int
    /// Bytes of alerts and refused events that wait for their transaction.
    public let output: Int

    /// - Parameter limit: Bytes in all.
    public init(limit: Int) {
        state = limit / 4 * 3
        image = limit / 8
        filters = limit / 8
        evidence = limit / 8
        output = max(limit / 8, 64 << 10)
    }
}
