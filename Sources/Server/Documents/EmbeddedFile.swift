import Base
import CAssets
import NIOCore

/// A file that is part of the executable, ready to be sent.
package struct EmbeddedFile: Sendable {
    package let bytes: ByteBuffer
    package let type: String
    /// Changes with the content.
    package let tag: String

    /// Nil if the executable has no such file.
    package init?(_ name: String, type: String) {
        var count = 0
        let assets = UnsafeBufferPointer(start: pa_assets(&count), count: count)
        guard let asset = assets.first(where: { String(cString: $0.name) == name }) else { return nil }
        let content = Array(UnsafeBufferPointer(start: asset.bytes, count: asset.size))
        bytes = ByteBuffer(bytes: content)
        self.type = type
        tag = "\"" + String(SHA256.hexadecimal(of: content).prefix(32)) + "\""
    }

    /// The names of the embedded files in a folder.
    package static func names(in folder: String) -> [String] {
        var count = 0
        let assets = UnsafeBufferPointer(start: pa_assets(&count), count: count)
        return assets.map { String(cString: $0.name) }.filter { $0.hasPrefix(folder + "/") }
            .map { String($0.dropFirst(folder.count + 1)) }
    }
}
