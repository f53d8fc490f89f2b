import Console
import Foundation

/// One kept-alive HTTP connection to this machine, for measuring: sends a request and waits for its answer.
final class LoopbackClient: @unchecked Sendable {
    // Handed to one thread and used by no other.
    private let descriptor: Int32
    private let head: String
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)

    /// - Throws: ``CommandError/storage(_:)`` if nobody listens there.
    init(port: UInt16, token: String) throws(CommandError) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        self.descriptor = descriptor
        head = "Host: 127.0.0.1:\(port)\r\nAuthorization: Bearer \(token)\r\n"
        guard code == 0 else { throw .storage("cannot connect to port \(port): \(String(cString: strerror(errno)))") }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { close(descriptor) }

    /// Posts a body and returns the answer's status and body.
    func post(_ path: String, type: String, body: [UInt8]) throws(CommandError) -> (status: Int, body: [UInt8]) {
        var request = Array(
            "POST \(path) HTTP/1.1\r\n\(head)Content-Type: \(type)\r\nContent-Length: \(body.count)\r\n\r\n".utf8
        )
        request += body
        var sent = 0
        while sent < request.count {
            let count = request.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress.map { $0 + sent }, $0.count - sent, 0)
            }
            guard count > 0 else { throw .storage("the connection broke while sending") }
            sent += count
        }
        var answer: [UInt8] = []
        var bodyStart: Int?
        var length = 0
        while true {
            if bodyStart == nil, let end = Self.end(of: answer) {
                bodyStart = end
                length = Self.contentLength(String(decoding: answer[..<end], as: UTF8.self))
            }
            if let bodyStart, answer.count >= bodyStart + length {
                let status = Int(String(decoding: answer.dropFirst(9).prefix(3), as: UTF8.self)) ?? 0
                return (status, Array(answer[bodyStart..<bodyStart + length]))
            }
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { throw .storage("the connection broke while waiting for an answer") }
            answer += buffer[..<count]
        }
    }

    private static func end(of answer: [UInt8]) -> Int? {
        guard answer.count >= 4 else { return nil }
        for index in 0...(answer.count - 4) where answer[index] == 0x0D && answer[index + 2] == 0x0D {
            if answer[index + 1] == 0x0A, answer[index + 3] == 0x0A { return index + 4 }
        }
        return nil
    }

    private static func contentLength(_ head: String) -> Int {
        for line in head.split(whereSeparator: \.isNewline) where line.lowercased().hasPrefix("content-length:") {
            return Int(line.dropFirst(15).trimmingCharacters(in: .whitespaces)) ?? 0
        }
        return 0
    }
}
