import AlertStore
import Base
import Foundation

/// Where a list goes on, as the client carries it: opaque, and good for the filter that it came from only.
package enum AlertCursor {
    private static let version: UInt8 = 1

    /// - Parameters:
    ///   - position: The last alert of the page.
    ///   - filter: What the list is of, in words that are the same for the same filter.
    /// - Returns: Letters, digits, - and _.
    package static func encode(_ position: AlertPosition, filter: String) -> String {
        var bytes: [UInt8] = [version]
        bytes += hash(filter)
        withUnsafeBytes(of: position.score.bitPattern.littleEndian) { bytes += $0 }
        withUnsafeBytes(of: position.lastEventMilliseconds.littleEndian) { bytes += $0 }
        bytes += Array(position.id.utf8)
        return base64(bytes)
    }

    /// Nil if the text is not a cursor, or one of another list.
    package static func decode(_ text: String, filter: String) -> AlertPosition? {
        let plain = text.replacing("-", with: "+").replacing("_", with: "/")
        let padding = String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4)
        guard let data = Data(base64Encoded: plain + padding) else { return nil }
        let bytes = Array(data)
        // What is spelled otherwise than we do it is not ours.
        guard bytes.count > 25, bytes.count <= 25 + 64, bytes[0] == version, base64(bytes) == text,
            Array(bytes[1..<9]) == hash(filter), let id = String(validating: bytes[25...], as: UTF8.self)
        else { return nil }
        func word(_ start: Int) -> UInt64 {
            (0..<8).reduce(0) { $0 | UInt64(bytes[start + $1]) << UInt64($1 * 8) }
        }
        let score = Double(bitPattern: word(9))
        guard (0...1).contains(score) else { return nil }
        return AlertPosition(score: score, lastEventMilliseconds: Int64(bitPattern: word(17)), id: id)
    }

    private static func hash(_ filter: String) -> [UInt8] {
        Array(SHA256.hexadecimal(of: Array(filter.utf8)).utf8.prefix(8))
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
