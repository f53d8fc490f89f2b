public import State

/// The last checkpoint, as an engine knows it.
extension CheckpointStore: ColdState {}

extension StateError {
    /// What kept an engine from state that a store's checkpoints hold.
    public init(_ error: ColdError, in store: CheckpointStore) {
        switch error {
        case .unread(let error as StateError): self = error
        case .unread(let error): self = .damaged(file: store.directory, words: "\(error)")
        case .unfit(let words): self = .damaged(file: store.directory, words: words)
        }
    }
}
