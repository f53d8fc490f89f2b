import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// A connection as the HTTP library sets it up, with our guards before and behind its parser.
struct GuardedChannel: ServerChildChannel {
    private let base: HTTP1Channel
    private let table: ConnectionTable
    private let rules: RouteRules

    init(responder: @escaping HTTPChannelHandler.Responder, table: ConnectionTable, rules: RouteRules) {
        var configuration = HTTP1Channel.Configuration()
        // The guard is stricter; these are the same figures for the parser behind it.
        configuration.httpDecoder = .init(
            maxHeaderFieldSize: RequestHead.bytesMax,
            maxHeaderListSize: RequestHead.bytesMax,
            maxHeaderFieldCount: RequestHead.fieldsMax + 1
        )
        base = HTTP1Channel(responder: responder, configuration: configuration)
        self.table = table
        self.rules = rules
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        let wire = WireGuard(table: table, rules: rules, logger: logger)
        do {
            // What one client does not read is not to fill the kernel's memory.
            try channel.syncOptions?.setOption(.socketOption(.so_sndbuf), value: ServerLimits.sendBuffer)
            try channel.pipeline.syncOperations.addHandler(wire, position: .first)
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
        return base.setup(channel: channel, logger: logger).assumeIsolated().flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(ExchangeGuard(wire: wire), position: .after(decoder))
            return value
        }.nonisolated()
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async {
        await base.handle(value: value, logger: logger)
    }
}

extension HTTPServerBuilder {
    /// HTTP/1.1 behind our guards.
    static func guarded(connectionsMax: Int, rules: RouteRules) -> HTTPServerBuilder {
        let table = ConnectionTable(limit: connectionsMax)
        return HTTPServerBuilder { responder in GuardedChannel(responder: responder, table: table, rules: rules) }
    }
}
