public import AlertStore
public import Runtime

extension DataDirectory {
    /// Ends the run, as ``close(status:inputs:)`` does, and says what a person should know of it.
    public func finish(
        status: String,
        inputs: [InputRecord]
    ) throws(CommandError) -> (totals: LedgerTotals, digest: String) {
        let told = notes.count
        let result = try CommandError.running { () throws(RuntimeError) in try close(status: status, inputs: inputs) }
        for note in notes.dropFirst(told) { Output.talk(note) }
        return result
    }
}
