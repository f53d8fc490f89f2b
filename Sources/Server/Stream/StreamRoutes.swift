import HTTPTypes
import Hummingbird
import NIOCore

/// `GET /stream`: server-sent events.
struct StreamRoutes: Sendable {
    private let hub: StreamHub

    init(_ hub: StreamHub) {
        self.hub = hub
    }

    func add(to router: Router<BasicRequestContext>) {
        router.get("/stream") { request, _ in
            try QueryParameters(request, known: []).finish()
            let isReturning = HTTPField.Name("Last-Event-ID").flatMap { request.headers[$0] } != nil
            let messages = hub.listen(isReturning: isReturning)
            return Response(
                status: .ok,
                headers: [.contentType: "text/event-stream"],
                body: ResponseBody { writer in
                    for await message in messages { try await writer.write(ByteBuffer(bytes: message)) }
                    try await writer.finish(nil)
                }
            )
        }
    }
}
