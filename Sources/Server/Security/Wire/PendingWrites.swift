import NIOCore

/// Writes that the socket has not taken yet, and when it last took one.
struct PendingWrites {
    /// Long writes go out in pieces, so that a slow but steady reader is told from one that does not read.
    private static let piece = 64 << 10

    private final class Count {
        var pending = 0
        var lastProgress = NIODeadline.now()
        var whenDrained: (() -> Void)?
    }

    private let count = Count()

    var pending: Int { count.pending }
    var lastProgress: NIODeadline { count.lastProgress }
    var isStalled: Bool { count.pending > 0 }

    /// Called each time that the socket has taken everything.
    func whenDrained(_ call: @escaping () -> Void) { count.whenDrained = call }

    func write(_ data: IOData, promise: EventLoopPromise<Void>?, context: ChannelHandlerContext) {
        guard case .byteBuffer(var buffer) = data, buffer.readableBytes > Self.piece else {
            return writePiece(data, promise: promise, context)
        }
        while buffer.readableBytes > Self.piece, let piece = buffer.readSlice(length: Self.piece) {
            writePiece(.byteBuffer(piece), promise: nil, context)
        }
        writePiece(.byteBuffer(buffer), promise: promise, context)
    }

    private func writePiece(_ data: IOData, promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext) {
        let promise = promise ?? context.eventLoop.makePromise()
        if count.pending == 0 { count.lastProgress = .now() }
        count.pending += 1
        promise.futureResult.assumeIsolated().whenComplete { [count] _ in
            count.pending -= 1
            count.lastProgress = .now()
            if count.pending == 0 { count.whenDrained?() }
        }
        context.write(NIOAny(data), promise: promise)
    }
}
