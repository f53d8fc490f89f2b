import Server
import Testing

@Suite struct StreamListenersTests {
    private let greeting = "retry: 2000\n\n"
    private let reset = "event: reset\ndata: {}\n\n"

    private func message(_ number: Int, _ text: String) -> String { "id: \(number)\nevent: alert\ndata: \(text)\n\n" }

    private func next(_ messages: inout StreamListeners.Messages.Iterator) async -> String? {
        await messages.next().map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func everyListenerIsToldAllInOrder() async {
        let listeners = StreamListeners()
        var first = listeners.listen(isReturning: false).makeAsyncIterator()
        #expect(await next(&first) == greeting)
        listeners.tell("alert", Array("one".utf8))
        var second = listeners.listen(isReturning: false).makeAsyncIterator()
        listeners.tell("alert", Array("two".utf8))
        #expect(await next(&first) == message(1, "one") + message(2, "two"))
        #expect(await next(&second) == greeting + message(2, "two"))
        listeners.tell("alert", Array("three".utf8))
        #expect(await next(&first) == message(3, "three"))
        #expect(await next(&second) == message(3, "three"))
    }

    @Test func aReturningListenerLoadsAnew() async {
        let listeners = StreamListeners()
        var messages = listeners.listen(isReturning: true).makeAsyncIterator()
        #expect(await next(&messages) == greeting + reset)
    }

    /// One that hangs for long and goes on loads its lists once, and holds no more memory than it may.
    @Test func aSlowListenerLosesWhatWaitsAndIsToldOnce() async throws {
        let listeners = StreamListeners(bytesMax: 1000)
        var quick = listeners.listen(isReturning: false).makeAsyncIterator()
        var slow = listeners.listen(isReturning: false).makeAsyncIterator()
        for number in 1...200 {
            listeners.tell("alert", Array("\(number)".utf8))
            #expect(await next(&quick)?.hasSuffix(message(number, "\(number)")) == true)
        }
        let late = try #require(await next(&slow))
        #expect(late.utf8.count <= 1000)
        #expect(late.hasPrefix(reset))
        let rest = late.dropFirst(reset.count)
        let count = rest.ranges(of: "event: alert").count
        // The newest ones, without a gap.
        let expected = (200 - count + 1...200).map { message($0, "\($0)") }.joined()
        #expect(count > 0 && rest == expected)
        listeners.tell("alert", Array("on".utf8))
        #expect(await next(&slow) == message(201, "on"))
    }

    @Test func aMessageLargerThanTheBoundIsToldStill() async {
        let listeners = StreamListeners(bytesMax: 50)
        var messages = listeners.listen(isReturning: false).makeAsyncIterator()
        #expect(await next(&messages) == greeting)
        let large = String(repeating: "x", count: 100)
        listeners.tell("alert", Array(large.utf8))
        #expect(await next(&messages) == message(1, large))
        listeners.tell("alert", Array(large.utf8))
        listeners.tell("alert", Array("small".utf8))
        #expect(await next(&messages) == reset + message(3, "small"))
    }

    @Test func whoHasGoneIsForgotten() async {
        let listeners = StreamListeners()
        #expect(listeners.isEmpty)
        do {
            var messages = listeners.listen(isReturning: false).makeAsyncIterator()
            #expect(!listeners.isEmpty)
            _ = await messages.next()
        }
        #expect(listeners.isEmpty)
        // An answer that is never sent, because its client has gone already.
        _ = listeners.listen(isReturning: false)
        #expect(listeners.isEmpty)
        let waiting = Task {
            var messages = listeners.listen(isReturning: false).makeAsyncIterator()
            while await messages.next() != nil {}
        }
        waiting.cancel()
        await waiting.value
        #expect(listeners.isEmpty)
    }

    @Test func theEndComesAfterWhatWaits() async {
        let listeners = StreamListeners()
        var open = listeners.listen(isReturning: false).makeAsyncIterator()
        listeners.tell("alert", Array("last".utf8))
        listeners.close()
        #expect(listeners.isClosed && listeners.isEmpty)
        listeners.tell("alert", Array("too late".utf8))
        #expect(await next(&open) == greeting + message(1, "last"))
        #expect(await next(&open) == nil)
        var late = listeners.listen(isReturning: false).makeAsyncIterator()
        #expect(await next(&late) == nil)
    }
}
