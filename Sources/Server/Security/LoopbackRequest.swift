public import Foundation
import Glibc

/// One small request to a server on this machine.
public struct LoopbackRequest {
    private let host: String
    private let port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// To the server of a notice.
    ///
    /// - Throws: ``SecurityError/address(_:)`` if the notice names none.
    public init(to server: ServerNotice) throws(SecurityError) {
        guard let address = URLComponents(string: server.address), let host = address.host else {
            throw .address("the server's notice names no address: restart the server")
        }
        self.init(host: host, port: address.port ?? 80)
    }

    private static let answerMax = 1 << 20

    /// Posts JSON, or nothing but the token.
    ///
    /// - Parameters:
    ///   - path: What is asked.
    ///   - token: Of the data directory.
    ///   - json: The body.
    ///   - patience: Seconds to wait for each part of the answer.
    /// - Returns: the status and the body of the answer.
    /// - Throws: ``SecurityError/address(_:)`` if nobody answers.
    public func post(
        _ path: String,
        token: String,
        json: [UInt8] = [],
        patience: Int = 5
    ) throws(SecurityError) -> (status: Int, body: Data) {
        let name = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        let descriptor = try connect(name, patience)
        defer { close(descriptor) }
        let authority = name.contains(":") ? "[\(name)]:\(port)" : "\(name):\(port)"
        var head = "POST \(path) HTTP/1.1\r\nHost: \(authority)\r\nAuthorization: Bearer \(token)\r\n"
        if !json.isEmpty { head += "Content-Type: application/json\r\n" }
        head += "Content-Length: \(json.count)\r\nConnection: close\r\n\r\n"
        try send(Array(head.utf8) + json, descriptor)
        let answer = try receive(descriptor)
        guard let end = answer.range(of: Data("\r\n\r\n".utf8)) else { throw failure("its answer is not whole") }
        let words = String(decoding: answer[..<end.lowerBound], as: UTF8.self).split(separator: " ")
        guard words.count > 1, let status = Int(words[1]) else { throw failure("its answer is not HTTP") }
        return (status, Data(answer[end.upperBound...]))
    }

    private func connect(_ name: String, _ patience: Int) throws(SecurityError) -> Int32 {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, String(port), &hints, &found) == 0, let found else {
            throw failure("it has no address")
        }
        defer { freeaddrinfo(found) }
        let descriptor = socket(
            found.pointee.ai_family,
            Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue),
            0
        )
        guard descriptor >= 0 else { throw failure() }
        var timeout = timeval(tv_sec: patience, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &timeout, socklen_t(MemoryLayout<timeval>.size))
        }
        guard Glibc.connect(descriptor, found.pointee.ai_addr, found.pointee.ai_addrlen) == 0 else {
            defer { close(descriptor) }
            throw failure()
        }
        return descriptor
    }

    private func send(_ bytes: [UInt8], _ descriptor: Int32) throws(SecurityError) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.send(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 { done += count } else if errno != EINTR { throw failure() }
        }
    }

    private func receive(_ descriptor: Int32) throws(SecurityError) -> Data {
        var answer = Data()
        var buffer = [UInt8](repeating: 0, count: 4096)
        while answer.count < Self.answerMax {
            let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            if count == 0 { break }
            if count > 0 { answer.append(contentsOf: buffer[..<count]) } else if errno != EINTR { throw failure() }
        }
        return answer
    }

    private func failure(_ reason: String = String(cString: strerror(errno))) -> SecurityError {
        .address("the server on port \(port) cannot be asked: \(reason)")
    }
}
