import NIOCore

/// How much and how long the server puts up with.
enum ServerLimits {
    /// From a head's first byte to its last.
    static let headTime = TimeAmount.seconds(5)
    /// For a body's first MiB, and for each one more.
    static let bodyTimePerMebibyte = TimeAmount.seconds(10)
    /// Without a request.
    static let idleTime = TimeAmount.seconds(60)
    /// Without the client taking a byte of the answer.
    static let stallTime = TimeAmount.seconds(10)
    /// For the client to close its side after we have closed ours.
    static let lingerTime = TimeAmount.seconds(2)
    /// For running requests when the server stops.
    static let quiesceTime = TimeAmount.seconds(2)

    /// Descriptors kept for files: log segments, the alerts file, checkpoints.
    private static let descriptorsForFiles = 96

    /// As many connections as there are descriptors for; a few in any case.
    static func connectionsMax(descriptors: Int) -> Int { max(8, min(256, descriptors - descriptorsForFiles)) }
    /// Connections with those that have just come, or are being closed; when there are more, the next ones wait.
    static func acceptedMax(connections: Int) -> Int { connections + max(4, connections / 16) }

    /// Bytes of an answer that the kernel keeps for a client.
    static let sendBuffer = 256 << 10
}
