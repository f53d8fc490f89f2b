/// A source whose first bytes can be looked at before they are read.
public struct PeekedSource: ByteSource {
    private var base: any ByteSource
    /// Whether the source is a file, of which more can be asked for without waiting.
    private let isFile: Bool
    /// The bytes that have been looked at and not been read.
    public private(set) var head: [UInt8] = []
    private var taken = 0
    private var isAtEnd = false

    public init(_ base: any ByteSource, isFile: Bool) {
        self.base = base
        self.isFile = isFile
    }

    /// Looks at more and more of the first bytes, until they are enough, are `limit`, or the source ends.
    public mutating func peek(
        atMost limit: Int,
        until isEnough: (_ head: [UInt8]) -> Bool
    ) throws(InputError) {
        while head.count < limit, !isAtEnd, !isEnough(head) {
            var piece = [UInt8](repeating: 0, count: limit - head.count)
            var fault: InputError?
            let read = piece.withUnsafeMutableBytes { buffer -> Int in
                do throws(InputError) { return try base.read(into: buffer) } catch {
                    fault = error
                    return 0
                }
            }
            // What has come before it is read first; the source says it again then.
            if let fault { guard !head.isEmpty else { throw fault } }
            isAtEnd = read == 0
            head += piece[..<read]
        }
    }

    /// Whether the head is all there is.
    public var isWhole: Bool { isAtEnd }

    /// Reads what was looked at already, then on; returns how many bytes, 0 at the end.
    public mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(InputError) -> Int {
        let count = min(buffer.count, head.count - taken)
        guard count > 0 else { return try base.read(into: buffer) }
        buffer.copyBytes(from: head[taken..<taken + count])
        taken += count
        guard isFile, !isAtEnd, count < buffer.count else { return count }
        return count + (try base.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...])))
    }
}
