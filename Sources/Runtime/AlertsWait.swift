import Synchronization

/// How the partitions wait while another program keeps the alerts file from being written: as long as it takes, told once,
/// tried again now and then.
///
/// Nothing is lost meanwhile. Events go on into the log, which is the truth, until what waits for the file has become much;
/// their alerts follow.
public final class AlertsWait: Sendable {
    private struct State {
        var since: ContinuousClock.Instant?
        var partitions: Set<Int> = []
        var deadline: ContinuousClock.Instant?
    }

    private let state = Mutex(State())
    private let path: String
    private let report: @Sendable (String) -> Void

    /// Between two tries.
    static let pause = Duration.seconds(1)

    /// - Parameters:
    ///   - path: The alerts file.
    ///   - report: Is told in words when a wait begins, and when it ends.
    init(for path: String, _ report: @escaping @Sendable (String) -> Void) {
        self.path = path
        self.report = report
    }

    /// How long it has lasted; nil while nobody waits.
    public var seconds: Double? { state.withLock { $0.since.map { $0.duration(to: .now) / .seconds(1) } } }

    /// Whoever waits gives up when this time has passed.
    public func end(within time: Duration) {
        state.withLock { $0.deadline = .now + time }
    }

    /// Whether there is any time left to wait.
    var goesOn: Bool { state.withLock { $0.deadline.map { $0 > .now } ?? true } }

    func begins(partition: Int) {
        let isNew = state.withLock { state in
            state.partitions.insert(partition)
            defer { state.since = state.since ?? .now }
            return state.since == nil
        }
        guard isNew else { return }
        report("waiting for \(path): another program is writing to it; events are taken, their alerts follow")
    }

    func ends(partition: Int) {
        let lasted = state.withLock { state -> Double? in
            state.partitions.remove(partition)
            guard state.partitions.isEmpty, let since = state.since else { return nil }
            state.since = nil
            return since.duration(to: .now) / .seconds(1)
        }
        if let lasted { report("\(path) can be written again, after \(Int(lasted.rounded(.up))) s") }
    }
}
