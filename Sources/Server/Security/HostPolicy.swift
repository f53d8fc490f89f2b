/// Under which names the server may be called: a page of another site that has made its name point to this machine
/// (DNS rebinding) calls it by a name that is not among them.
public struct HostPolicy: Sendable {
    private let allowed: Set<String>

    /// - Parameters:
    ///   - port: The port that is listened on.
    ///   - address: The address that is listened on, as it stands in a URL; nil if it is every one.
    ///   - names: Names given by the owner, with or without a port.
    public init(port: Int, address: String? = nil, names: [String] = []) {
        var allowed: Set<String> = []
        for name in ["127.0.0.1", "localhost", "[::1]"] + [address].compactMap({ $0 }) {
            allowed.insert("\(name.lowercased()):\(port)")
            // The port that HTTP has anyway is left out by clients.
            if port == 80 { allowed.insert(name.lowercased()) }
        }
        for name in names {
            allowed.insert(name.lowercased())
            allowed.insert("\(name.lowercased()):\(port)")
        }
        self.allowed = allowed
    }

    /// Whether the value of a Host header is one of ours.
    public func allows(_ host: String) -> Bool { allowed.contains(host.lowercased()) }
}
