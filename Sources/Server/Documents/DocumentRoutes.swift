import HTTPTypes
import Hummingbird
import NIOCore

/// The pages, their parts, and the API's description: files of the executable, without any data in them.
struct DocumentRoutes {
    private let pages: [String: EmbeddedFile]
    private let assets: [String: EmbeddedFile]

    /// What a page may load; nothing else is served, whatever the request's path looks like.
    private static let types = [
        "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml",
    ]
    private static let html = "text/html; charset=utf-8"

    init() {
        pages = [
            "/": EmbeddedFile("dashboard/index.html", type: Self.html),
            "/docs": EmbeddedFile("dashboard/docs.html", type: Self.html),
            "/openapi.json": EmbeddedFile("api/openapi.json", type: "application/json"),
        ].compactMapValues { $0 }
        var assets: [String: EmbeddedFile] = [:]
        for name in EmbeddedFile.names(in: "dashboard") {
            let suffix = name.split(separator: ".").last.map(String.init) ?? ""
            guard let type = Self.types[suffix] else { continue }
            assets[name] = EmbeddedFile("dashboard/" + name, type: type)
        }
        self.assets = assets
    }

    func add(to router: Router<BasicRequestContext>) {
        for (path, file) in pages {
            router.get(RouterPath(path)) { request, _ in Self.answer(file, request) }
        }
        router.get("/assets/:name") { request, context in
            guard let name = context.parameters.get("name"), let file = assets[name] else {
                throw Problem(.notFound, "there is no such file")
            }
            return Self.answer(file, request)
        }
    }

    private static func answer(_ file: EmbeddedFile, _ request: Request) -> Response {
        let known = request.headers[.ifNoneMatch]?.split(separator: ",") ?? []
        let isKnown = known.contains { tag in tag.drop { $0 == " " || $0 == "W" || $0 == "/" } == file.tag }
        guard !isKnown else { return Response(status: .notModified, headers: [.eTag: file.tag]) }
        return Response(
            status: .ok,
            headers: [.contentType: file.type, .eTag: file.tag],
            body: ResponseBody(byteBuffer: file.bytes)
        )
    }
}
