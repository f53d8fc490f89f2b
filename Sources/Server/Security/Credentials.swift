import Synchronization

/// Who may use the API: the bearer of the token, and browsers with a session that was opened with a one-time code.
///
/// Of token, codes and sessions only the SHA-256 is kept. Times are of a clock that is given with every call, so that
/// nothing here waits.
public final class Credentials: Sendable {
    /// How long things are good for, and how many there may be.
    public enum Limits {
        /// Of the code that is printed when the server starts.
        public static let firstCodeLife = Duration.seconds(300)
        public static let codeLife = Duration.seconds(60)
        public static let codesMax = 8
        /// Without a request.
        public static let sessionLife = Duration.seconds(12 * 3600)
        public static let sessionsMax = 32
    }

    private struct Code {
        var digest: String
        var expiry: Duration
    }

    private struct State {
        /// The oldest first.
        var codes: [Code] = []
        /// The time of the last request, by the secret's digest.
        var sessions: [String: Duration] = [:]
    }

    private let tokenDigest: String
    private let state = Mutex(State())

    /// Those who know the token, of which only a digest is kept.
    public init(token: String) {
        tokenDigest = Secret.digest(token)
    }

    /// Whether a text is the bearer token.
    public func isToken(_ text: some StringProtocol) -> Bool {
        Secret.isEqual(Secret.digest(text), tokenDigest)
    }

    // MARK: - Codes

    /// A new code; the oldest one goes if there are too many.
    public func makeCode(life: Duration = Limits.codeLife, at now: Duration) -> String {
        let code = Secret.code()
        state.withLock { state in
            state.codes.removeAll { $0.expiry <= now }
            if state.codes.count == Limits.codesMax { state.codes.removeFirst() }
            state.codes.append(Code(digest: Secret.digest(code), expiry: now + life))
        }
        return code
    }

    /// Takes a code, which is good once, and opens a session.
    ///
    /// - Returns: the session's secret; nil if the code is wrong, used or too old.
    public func openSession(code: String, at now: Duration) -> String? {
        let digest = Secret.digest(code)
        return state.withLock { state in
            state.codes.removeAll { $0.expiry <= now }
            // All are looked at, whichever it is.
            var found: Int?
            for index in state.codes.indices where Secret.isEqual(state.codes[index].digest, digest) { found = index }
            guard let found else { return nil }
            state.codes.remove(at: found)
            let secret = Secret.hexadecimal(bytes: 32)
            state.sessions = state.sessions.filter { now - $0.value < Limits.sessionLife }
            if state.sessions.count >= Limits.sessionsMax, let oldest = state.sessions.min(by: { $0.value < $1.value })
            {
                state.sessions[oldest.key] = nil
            }
            state.sessions[Secret.digest(secret)] = now
            return secret
        }
    }

    // MARK: - Sessions

    /// Whether a text is the secret of an open session, which is then good for another while.
    public func isSession(_ secret: some StringProtocol, at now: Duration) -> Bool {
        // Looked up by digest: how long that takes says nothing about the secret.
        let digest = Secret.digest(secret)
        return state.withLock { state in
            guard let last = state.sessions[digest] else { return false }
            guard now - last < Limits.sessionLife else {
                state.sessions[digest] = nil
                return false
            }
            state.sessions[digest] = now
            return true
        }
    }

    /// Ends a session; one that is not known is none to end.
    public func closeSession(_ secret: some StringProtocol) {
        let digest = Secret.digest(secret)
        state.withLock { $0.sessions[digest] = nil }
    }
}
