import Assets
import Base
import NIOCore

/// A file that is part of the executable, ready to be sent.
package struct EmbeddedFile: Sendable {
    package let bytes: ByteBuffer
    package let type: String
    /// Changes with the content.
    package let tag: String

    /// Nil if the executable has no such file.
    package init?(_ name: String, type: String) {
        guard let content = Assets.bytes(name) else { return nil }
        bytes = ByteBuffer(bytes: content)
        self.type = type
        tag = "\"" + String(SHA256.hexadecimal(of: content).prefix(32)) + "\""
    }

    /// The names of the embedded files in a folder.
    package static func names(in folder: String) -> [String] { Assets.names(folder + "/") }
}
