import Synchronization

/// Memory for the bodies that are being received or worked on, of all connections together (C9).
final class BodyBudget: Sendable {
    private let taken = Mutex(0)
    private let limit: Int

    init(bytes limit: Int) {
        self.limit = limit
    }

    /// False if there is not so much left.
    func take(_ bytes: Int) -> Bool {
        taken.withLock { taken in
            guard taken + bytes <= limit else { return false }
            taken += bytes
            return true
        }
    }

    func give(_ bytes: Int) { taken.withLock { $0 -= bytes } }
}
