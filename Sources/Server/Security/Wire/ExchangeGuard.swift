import NIOCore
import NIOHTTP1

/// Sees every answer on its way out, whoever made it: the headers of all answers, and no body where none may be.
final class ExchangeGuard: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let wire: WireGuard
    private var isHeadOnly = false

    init(wire: WireGuard) {
        self.wire = wire
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data) { isHeadOnly = head.method == .HEAD }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head):
            for (name, value) in SecurityHeaders.all { head.headers.replaceOrAdd(name: name, value: value) }
            head.headers.remove(name: "Server")
            if wire.answerBegins() { head.headers.replaceOrAdd(name: "Connection", value: "close") }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body where isHeadOnly:
            promise?.succeed()
        case .body:
            context.write(data, promise: promise)
        case .end:
            context.write(data, promise: promise)
            wire.answerEnds()
        }
    }
}
