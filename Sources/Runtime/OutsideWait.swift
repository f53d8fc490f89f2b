import AlertStore
import EventLog
import FileStore
import Partition
import StateStore
import Synchronization

/// How the partitions wait for something outside of this program, such as another program that holds the alerts file,
/// or a disk without room: as long as it takes, told once, tried again now and then.
///
/// Nothing is lost meanwhile. What is in the log is the truth; the rest follows.
public final class OutsideWait: Sendable {
    private struct State {
        var since: ContinuousClock.Instant?
        var why = ""
        var partitions: Set<Int> = []
        var deadline: ContinuousClock.Instant?
    }

    private let state = Mutex(State())
    private let subject: String
    private let meanwhile: String
    private let forRoom: Bool
    private let report: @Sendable (String) -> Void

    /// Between two tries.
    static let pause = Duration.seconds(1)

    /// - Parameters:
    ///   - subject: What is waited for.
    ///   - meanwhile: What happens until then.
    ///   - forRoom: Whether a want of space or of open files is waited for, as other programs are.
    ///   - report: Is told in words when a wait begins, and when it ends.
    init(for subject: String, meanwhile: String, forRoom: Bool, _ report: @escaping @Sendable (String) -> Void) {
        self.subject = subject
        self.meanwhile = meanwhile
        self.forRoom = forRoom
        self.report = report
    }

    /// How long it has lasted, and why, in words that name no file; nil while nobody waits.
    public var current: (seconds: Double, why: String)? {
        state.withLock { state in state.since.map { ($0.duration(to: .now) / .seconds(1), state.why) } }
    }

    /// Whoever waits gives up when this time has passed.
    public func end(within time: Duration) {
        state.withLock { $0.deadline = .now + time }
    }

    /// Whether to wait until this error has passed: there is any time left to do so.
    func goesOn(after error: RunnerError) -> Bool {
        error.passes && (forRoom || !error.isWantOfRoom) && state.withLock { $0.deadline.map { $0 > .now } ?? true }
    }

    func begins(partition: Int, after error: RunnerError) {
        let why = error.outside
        let isNew = state.withLock { state in
            state.partitions.insert(partition)
            defer { state.since = state.since ?? .now }
            state.why = why
            return state.since == nil
        }
        guard isNew else { return }
        report("waiting for \(subject): \(why); \(meanwhile)")
    }

    func ends(partition: Int) {
        let lasted = state.withLock { state -> Double? in
            state.partitions.remove(partition)
            guard state.partitions.isEmpty, let since = state.since else { return nil }
            state.since = nil
            return since.duration(to: .now) / .seconds(1)
        }
        if let lasted { report("\(subject) can be written again, after \(Int(lasted.rounded(.up))) s") }
    }
}

extension RunnerError {
    /// Whether it is of a disk or a table of files that is full: calls fail at once.
    var isWantOfRoom: Bool {
        if case .sinkBusy(AlertStoreError.busy) = self { false } else { passes }
    }

    /// What keeps it from passing, without names of files.
    fileprivate var outside: String {
        let isOutOfFiles: Bool
        switch self {
        case .sinkBusy(AlertStoreError.busy): return "another program is writing to it"
        case .sinkBusy(AlertStoreError.outOfFiles): isOutOfFiles = true
        case .log(.noRoom(_, let error)), .log(.file(let error)), .state(.file(let error)):
            isOutOfFiles = error.isOutOfFiles
        default: isOutOfFiles = false
        }
        return isOutOfFiles ? "too many files are open" : "the disk is full, free some space"
    }
}
