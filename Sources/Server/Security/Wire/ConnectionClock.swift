import NIOCore

/// One alarm of a connection, moved as seldom as can be: an alarm that comes too early is set again.
struct ConnectionClock {
    private var alarm: (task: Scheduled<Void>, time: NIODeadline)?

    mutating func set(_ time: NIODeadline, _ loop: any EventLoop, _ ring: @escaping () -> Void) {
        if let alarm, alarm.time > .now(), alarm.time <= time { return }
        alarm?.task.cancel()
        alarm = nil
        guard time != .distantFuture else { return }
        alarm = (loop.assumeIsolated().scheduleTask(deadline: time, ring), time)
    }

    mutating func stop() {
        alarm?.task.cancel()
        alarm = nil
    }
}
