import Glibc
import Logging
import NIOCore

/// Stands between the socket and the HTTP library: passes on whole, strictly framed requests, one at a time, in time.
///
/// The next request waits until the last one is answered, so an answer of ours to a bad request never overtakes
/// another. Runs on its connection's event loop.
final class WireGuard: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    /// Where the connection stands.
    private enum Phase: Equatable {
        /// Between requests, or in a head.
        case head
        /// In a request's body.
        case body
        /// The request is whole, its answer is not.
        case answer
        /// The answer is whole, or was ours: our side closes, what the client still sends is dropped.
        case closing
    }

    private let table: ConnectionTable
    private let rules: RouteRules
    private let logger: Logger
    private var context: ChannelHandlerContext?
    private var phase = Phase.head
    private var phaseStart = NIODeadline.now()
    private var head = RequestHeadReader()
    private var body: BodyReader?
    /// What came behind the request that is being answered.
    private var held = ByteBuffer()
    private var wantsRead = false
    private var inputHasEnded = false
    /// The socket is being read for us.
    private var isReading = false
    /// The answer to the current request has begun, or ended.
    private var answerHasBegun = false
    private var answerHasEnded = false
    /// Close behind the current answer.
    private var isLast = false
    private var clock = ConnectionClock()
    private var writes = PendingWrites()
    private var isQuiescing: NIODeadline?

    init(table: ConnectionTable, rules: RouteRules, logger: Logger) {
        self.table = table
        self.rules = rules
        self.logger = logger
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        writes.whenDrained { [weak self] in self?.settle() }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        clock.stop()
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        phaseStart = .now()
        context.fireChannelActive()
        if table.add(context.channel) {
            arm()
        } else {
            refuse(.busy)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        clock.stop()
        table.remove(context.channel)
        // Half a body must not be taken for a whole one.
        if phase == .body { context.fireErrorCaught(Refusal.malformed("the connection ended within the body")) }
        phase = .closing
        context.fireChannelInactive()
    }

    // MARK: - Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        guard phase != .closing else { return }
        if held.readableBytes == 0 { held = buffer } else { held.writeBuffer(&buffer) }
        advance()
        arm()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        context.fireChannelReadComplete()
        // The library reads no more, but the client's end is to be seen.
        if phase == .closing { context.read() }
    }

    func read(context: ChannelHandlerContext) {
        // One read's worth of the next request is kept, no more.
        if phase == .answer, held.readableBytes > 0 {
            wantsRead = true
        } else {
            isReading = true
            context.read()
        }
    }

    /// Passes on what there is of the current request.
    private func advance() {
        while held.readableBytes > 0 {
            do throws(Refusal) {
                switch phase {
                case .head: try takeHead()
                case .body: try takeBody()
                case .answer, .closing: return
                }
            } catch {
                return refuse(error)
            }
        }
        held = ByteBuffer()
    }

    private func takeHead() throws(Refusal) {
        if head.isEmpty { phaseStart = .now() }
        let result = try held.taking { bytes throws(Refusal) in
            let (result, count) = try head.take(bytes)
            return (result, count)
        }
        guard let request = result else { return }
        let reader = try BodyReader(request.framing, limit: rules.body(request.method, request.path).bytesMax)
        answerHasBegun = false
        answerHasEnded = false
        isLast = request.wantsClose || isQuiescing != nil
        enter(reader.isDone ? .answer : .body)
        body = reader.isDone ? nil : reader
        if request.expectsContinue, body != nil { write("HTTP/1.1 100 Continue\r\n\r\n") }
        context?.fireChannelRead(wrapInboundOut(ByteBuffer(bytes: request.bytes)))
    }

    private func takeBody() throws(Refusal) {
        guard var reader = body else { return }
        let count = try held.taking { bytes throws(Refusal) in
            let count = try reader.take(bytes)
            return (count, count)
        }
        body = reader.isDone ? nil : reader
        // The first bytes of what is held are those that were just taken.
        if count > 0 { passOn(count) }
        guard reader.isDone, phase == .body else { return }
        enter(.answer)
        if answerHasEnded { finishAnswer() }
    }

    private func passOn(_ count: Int) {
        held.moveReaderIndex(to: held.readerIndex - count)
        guard let bytes = held.readSlice(length: count) else { return }
        context?.fireChannelRead(wrapInboundOut(bytes))
    }

    private func enter(_ next: Phase) {
        phase = next
        phaseStart = .now()
        guard let context else { return }
        switch next {
        case .head, .body: table.note(context.channel, waitingSince: phaseStart)
        case .answer: table.note(context.channel, waitingSince: nil)
        case .closing: table.note(context.channel, waitingSince: .distantPast)
        }
    }

    // MARK: - Answers

    /// The answer's head is about to be written. Returns whether it must say that the connection closes.
    func answerBegins() -> Bool {
        answerHasBegun = true
        // What is left of a body that nobody wanted would have to be read first.
        if phase == .body || isQuiescing != nil { isLast = true }
        return isLast
    }

    /// The answer's end was written.
    func answerEnds() {
        answerHasEnded = true
        guard phase == .answer || isLast else { return }
        // Later, as the library is still writing.
        context?.eventLoop.assumeIsolated().execute { self.finishAnswer() }
    }

    private func finishAnswer() {
        guard phase == .answer || phase == .body, answerHasEnded else { return }
        if isLast { return close() }
        enter(.head)
        advance()
        context?.fireChannelReadComplete()
        guard phase != .closing else { return }
        if inputHasEnded, held.readableBytes == 0, phase == .head { return close() }
        if wantsRead, phase != .answer || held.readableBytes == 0, let context {
            wantsRead = false
            read(context: context)
        }
        arm()
    }

    /// Answers instead of the routes, and closes.
    private func refuse(_ refusal: Refusal) {
        guard phase != .closing, let context else { return }
        logger.debug("request refused", metadata: ["status": "\(refusal.status)", "reason": "\(refusal.detail)"])
        if !answerHasBegun || answerHasEnded {
            context.write(wrapOutboundOut(.byteBuffer(ByteBuffer(bytes: refusal.bytes))), promise: nil)
            context.flush()
        }
        let wasInBody = phase == .body
        close()
        if wasInBody { context.fireErrorCaught(refusal) }
    }

    /// Closes our side, waits a little for the client's: closing at once could destroy the answer on its way.
    private func close() {
        guard phase != .closing, let context else { return }
        enter(.closing)
        held = ByteBuffer()
        context.flush()
        context.close(mode: .output, promise: nil)
        context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        context.read()
        settle()
    }

    /// Closes the connection as soon as both sides are done.
    private func settle() {
        guard phase == .closing else { return }
        if inputHasEnded, writes.pending == 0 { closeAll() } else { arm() }
    }

    private func closeAll() { context?.close(mode: .all, promise: nil) }

    /// Closes and throws away what the client has not read: the kernel would keep it, and try for minutes.
    private func reset() {
        guard let context else { return }
        guard let socket = context.channel as? any SocketOptionProvider else { return closeAll() }
        socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).assumeIsolated().whenComplete { _ in self.closeAll() }
    }

    // MARK: - Writing and closing by the library

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard phase != .closing else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        writes.write(unwrapOutboundIn(data), promise: promise, context: context)
    }

    private func write(_ text: String) {
        guard let context else { return }
        writes.write(.byteBuffer(ByteBuffer(string: text)), promise: nil, context: context)
        context.flush()
    }

    func flush(context: ChannelHandlerContext) {
        context.flush()
        if writes.isStalled { arm() }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        switch mode {
        case .output where phase == .closing: promise?.succeed()
        case .output:
            // The library has nothing more to say.
            isLast = true
            close()
            promise?.succeed()
        case .all where phase == .closing && !inputHasEnded:
            // The clock ends it.
            promise?.succeed()
        default: context.close(mode: mode, promise: promise)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            inputHasEnded = true
            if phase == .closing { return settle() }
            if phase == .body || !head.isEmpty { return refuse(.malformed("the request ends too early")) }
            // Requests that wait are still answered.
            if held.readableBytes > 0 { return }
        case is ConnectionEvicted:
            return closeAll()
        case is ChannelShouldQuiesceEvent:
            isQuiescing = .now()
            isLast = true
            arm()
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    // MARK: - Time

    /// When patience ends, as things stand.
    private var deadline: NIODeadline {
        var times: [NIODeadline] = []
        switch phase {
        case .head: times.append(phaseStart + (head.isEmpty ? ServerLimits.idleTime : ServerLimits.headTime))
        case .body: times.append(phaseStart + bodyTime)
        case .answer: break
        case .closing where writes.pending == 0:
            times.append(max(phaseStart, writes.lastProgress) + ServerLimits.lingerTime)
        case .closing: break
        }
        if writes.pending > 0 { times.append(writes.lastProgress + ServerLimits.stallTime) }
        if let isQuiescing { times.append(isQuiescing + ServerLimits.quiesceTime) }
        return times.min() ?? .distantFuture
    }

    private var bodyTime: TimeAmount {
        ServerLimits.bodyTimePerMebibyte * (1 + (body?.received ?? 0) >> 20)
    }

    private func arm() {
        guard let context else { return }
        clock.set(deadline, context.eventLoop) { self.timeIsUp() }
    }

    private func timeIsUp() {
        guard deadline <= .now() else { return arm() }
        let isStalled = writes.pending > 0 && writes.lastProgress + ServerLimits.stallTime <= .now()
        let isStopping = isQuiescing.map { $0 + ServerLimits.quiesceTime <= .now() } ?? false
        switch phase {
        case _ where isStalled:
            logger.debug("connection cut", metadata: ["reason": "the client does not read"])
            reset()
        case _ where isStopping: closeAll()
        case .body where answerHasBegun, .closing, .answer: closeAll()
        case .body where !isReading:
            // It is us who do not read.
            phaseStart = .now()
            arm()
        case .body: refuse(.tooSlow)
        case .head where head.isEmpty: closeAll()
        case .head: refuse(.tooSlow)
        }
    }
}

extension ByteBuffer {
    /// Lets a reader look at all bytes, and moves on by as many as it takes.
    fileprivate mutating func taking<Result>(
        _ body: (UnsafeRawBufferPointer) throws(Refusal) -> (Result, Int)
    ) throws(Refusal) -> Result {
        var outcome: Swift.Result<Result, Refusal>?
        readWithUnsafeReadableBytes { bytes in
            do throws(Refusal) {
                let (result, count) = try body(bytes)
                outcome = .success(result)
                return count
            } catch {
                outcome = .failure(error)
                return 0
            }
        }
        guard let outcome else { preconditionFailure("The reader was not called.") }
        return try outcome.get()
    }
}
