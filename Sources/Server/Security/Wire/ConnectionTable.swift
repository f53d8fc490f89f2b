import NIOCore
import Synchronization

/// The open connections. When there are too many, a new one takes the place of the one that has kept us waiting the
/// longest, so that nobody is kept out by connections that say nothing.
final class ConnectionTable: Sendable {
    private struct Entry {
        var channel: any Channel
        /// Since when we wait for the client; nil while it waits for us.
        var waitingSince: NIODeadline?
    }

    private struct State {
        var entries: [ObjectIdentifier: Entry] = [:]
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) {
        self.limit = limit
    }

    /// Takes a new connection in.
    ///
    /// - Returns: false if all others are being answered.
    func add(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let (isTaken, victim) = state.withLock { state -> (Bool, (any Channel)?) in
            var victim: (any Channel)?
            if state.entries.count >= limit {
                let waiting = state.entries.compactMap { id, entry in entry.waitingSince.map { (id, $0) } }
                guard let (id, _) = waiting.min(by: { $0.1 < $1.1 }) else { return (false, nil) }
                victim = state.entries.removeValue(forKey: id)?.channel
            }
            state.entries[id] = Entry(channel: channel, waitingSince: .now())
            return (true, victim)
        }
        victim?.pipeline.fireUserInboundEventTriggered(ConnectionEvicted())
        return isTaken
    }

    func remove(_ channel: any Channel) {
        state.withLock { $0.entries[ObjectIdentifier(channel)] = nil }
    }

    /// Notes whether we wait for the client, and since when.
    func note(_ channel: any Channel, waitingSince: NIODeadline?) {
        state.withLock { $0.entries[ObjectIdentifier(channel)]?.waitingSince = waitingSince }
    }
}

/// Tells a connection's guard that another connection takes its place.
struct ConnectionEvicted {}
