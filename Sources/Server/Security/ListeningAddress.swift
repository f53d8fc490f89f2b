import Glibc
import NIOCore

/// An address to listen on: of this machine only, unless the owner says otherwise.
struct ListeningAddress: Equatable {
    /// As numbers.
    var ip: String

    init(_ ip: String) {
        self.ip = ip
    }

    /// Every address of the machine.
    var isWildcard: Bool { ip == "0.0.0.0" || ip == "::" }

    private var isLoopback: Bool { ip.hasPrefix("127.") || ip == "::1" }

    /// As it stands in a URL.
    var urlHost: String { ip.contains(":") ? "[\(ip)]" : ip }

    /// Where this machine reaches it.
    var reachable: String {
        switch ip {
        case "0.0.0.0": "127.0.0.1"
        case "::": "[::1]"
        default: urlHost
        }
    }

    /// - Throws: ``SecurityError/usage(_:)`` if the host is no address, or one that others can reach without leave.
    static func checked(_ options: ServerOptions) throws(SecurityError) -> ListeningAddress {
        guard (0...65535).contains(options.port) else {
            throw .usage("--port \(options.port) is not between 0 and 65535")
        }
        // A name could mean anything tomorrow; this one is given by everyone.
        let host = options.host == "localhost" ? "127.0.0.1" : options.host
        guard let ip = canonical(host) else { throw .usage("--host \(options.host) is no IP address") }
        let address = ListeningAddress(ip)
        guard address.isLoopback || options.allowsRemote else {
            throw .usage(
                "--host \(options.host) can be reached from other machines, in clear text: keep to 127.0.0.1, or put TLS "
                    + "in front and say --allow-remote"
            )
        }
        return address
    }

    /// The numbers of an address in the one way that they are usually written.
    private static func canonical(_ host: String) -> String? {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, host, &four) == 1 {
            guard inet_ntop(AF_INET, &four, &text, socklen_t(text.count)) != nil else { return nil }
        } else if inet_pton(AF_INET6, host, &six) == 1 {
            guard inet_ntop(AF_INET6, &six, &text, socklen_t(text.count)) != nil else { return nil }
        } else {
            return nil
        }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// What it means that the address could not be taken; nil if the error is about something else.
    static func failure(_ error: any Error, _ options: ServerOptions) -> SecurityError? {
        guard let code = (error as? IOError)?.errnoCode else { return nil }
        let place = "\(options.host) port \(options.port)"
        switch code {
        case EADDRINUSE: return .address("\(place) is in use by another program: choose another --port, or stop it")
        case EADDRNOTAVAIL: return .usage("--host \(options.host) is no address of this machine")
        case EACCES: return .address("\(place) is not for this user: choose a --port above 1023")
        default: return .address("cannot listen on \(place): \(String(cString: strerror(code)))")
        }
    }
}

extension ServerOptions {
    /// Whether the address is one that may be listened on.
    ///
    /// - Throws: ``SecurityError/usage(_:)`` if it is none, or others can reach it without the owner's leave.
    public func check() throws(SecurityError) { _ = try ListeningAddress.checked(self) }
}
