public import ArgumentParser
import Console
import Foundation
import Histogram
import Runtime
import Synchronization

/// `bench latency`
public struct BenchLatencyCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "latency",
        abstract: "How long from the moment an event is due until its alert can be read in SQLite.",
        discussion: """
            Events are due at fixed moments and are sent by HTTP, each answered after its sync; a stall delays what is due \
            and counts. Another connection looks for new alerts each millisecond. In turns with it runs the least that any \
            product must do: read from a pipe, append with LZ4, fdatasync, insert into SQLite.

              patternalarm bench latency --rate 10000 --rate 100000 --rate 300000 \\
                --seconds 15
            """
    )

    @Option(help: "Events a second; may be given more than once.")
    var rate: [Double] = [10_000, 100_000]

    @Option(help: "Seconds of a run, of which the first two do not count.")
    var seconds = 12.0

    @Option(help: "Runs, in turns with the floor.")
    var runs = 2

    @Option(help: "Alerts a second.")
    var alerts = 1000.0

    @Option(help: "Connections.")
    var connections = 8

    @Option(help: "A folder on the disk to measure; the system's temporary folder otherwise.")
    var dir: String?

    @Option(help: "How to write it.")
    var format: OutputFormat = .table

    private static let warmUpSeconds = 2.0

    public init() {}

    /// Checks what the options say.
    public func validate() throws {
        guard rate.allSatisfy({ $0 >= 100 && $0 <= 10_000_000 }) else {
            throw ValidationError("--rate must be from 100 to 10000000.")
        }
        guard seconds >= 3 else { throw ValidationError("--seconds must be at least 3.") }
        guard runs >= 1, connections >= 1, alerts >= 1 else {
            throw ValidationError("--runs, --connections and --alerts must be at least 1.")
        }
    }

    /// Measures, and prints what was measured.
    public func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            var listing = Listing(
                columns: [
                    "system", "rate", "alerts", "p50_ms", "p90_ms", "p99_ms", "p999_ms", "max_ms", "cpu_s_per_million",
                    "state",
                ],
                rows: []
            )
            for rate in rate {
                var floor = Outcome()
                var product = Outcome()
                for _ in 0..<runs {
                    try floor.add(in: folder()) { folder throws(CommandError) in try measureFloor(rate, folder) }
                    try product.add(in: folder()) { folder throws(CommandError) in try measureServer(rate, folder) }
                }
                listing.rows.append(row("floor", rate, floor))
                listing.rows.append(row("patternalarm", rate, product))
                listing.rows.append(ratio(rate, product, floor))
            }
            listing.write(as: format)
        }
    }

    /// What one run came to.
    private struct Run {
        var seen: AlertPoller.Seen
        var missing: Int
        var isLate: Bool
        var events: Int
        /// Of the server's process.
        var cpuSeconds: Double?
    }

    /// What the runs of one system came to.
    private struct Outcome {
        var latency = AlertPoller.Seen().latency
        var count = 0
        var missing = 0
        var isLate = false
        var events = 0
        var cpuSeconds: Double?

        mutating func add(
            in folder: String,
            _ body: (String) throws(CommandError) -> Run
        ) throws(CommandError) {
            do {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            } catch {
                throw .storage("cannot make \(folder): \(error.localizedDescription)")
            }
            defer { Scratch.remove(folder) }
            let found = try body(folder)
            latency.add(found.seen.latency)
            count += found.seen.count
            missing += found.missing
            isLate = isLate || found.isLate
            events += found.events
            if let seconds = found.cpuSeconds { cpuSeconds = (cpuSeconds ?? 0) + seconds }
        }

        func milliseconds(_ percentile: Double) -> Double { Double(latency.valueAtPercentile(percentile)) / 1000 }

        var state: String { missing > 0 ? "SATURATED: \(missing) missing" : isLate ? "SATURATED: late" : "kept up" }
    }

    private func folder() -> String {
        (dir ?? FileManager.default.temporaryDirectory.path)
            + "/patternalarm-latency-\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: 0 ... .max))"
    }

    private static let percentiles = [50.0, 90, 99, 99.9, 100]

    private func row(_ name: String, _ rate: Double, _ outcome: Outcome) -> [Cell] {
        [.text(name), .integer(Int(rate)), .integer(outcome.count)]
            + Self.percentiles.map { .number(outcome.milliseconds($0), decimals: 2) } + [
                outcome.cpuSeconds.map { .number($0 / Double(max(1, outcome.events)) * 1e6, decimals: 2) } ?? .null,
                .text(outcome.state),
            ]
    }

    private func ratio(_ rate: Double, _ product: Outcome, _ floor: Outcome) -> [Cell] {
        [.text("times the floor"), .integer(Int(rate)), .null]
            + Self.percentiles.map { percentile in
                let limit = floor.milliseconds(percentile)
                return limit > 0 ? .number(product.milliseconds(percentile) / limit, decimals: 2) : .null
            } + [.null, .text("")]
    }

    private func measureServer(
        _ rate: Double,
        _ folder: String
    ) throws(CommandError) -> Run {
        let server = try MeasuredServer(directory: folder + "/data")
        var isStopped = false
        defer { if !isStopped { _ = server.stop() } }
        var clients: [LoopbackClient] = []
        for _ in 0..<connections { clients.append(try LoopbackClient(port: server.port, token: server.token)) }
        let sql = """
            SELECT "offset", event_id FROM alert_events WHERE partition = ?1 AND "offset" > ?2 ORDER BY "offset"
            """
        let poller = AlertPoller(sql: sql, path: server.directory + "/alerts.sqlite", partitions: 2)
        var run = try measure(rate, poller, senders: clients)
        let before = Cost.children
        isStopped = true
        let status = server.stop()
        guard status == 0 else { throw .storage("the server ended with exit code \(status)") }
        run.cpuSeconds = (Cost.children - before).cpu
        return run
    }

    private func measureFloor(
        _ rate: Double,
        _ folder: String
    ) throws(CommandError) -> Run {
        let events = LatencyEvents(rate: rate, alertsPerSecond: alerts)
        let floor = try LatencyFloor(directory: folder, events: events)
        defer { floor.finish() }
        let sql = "SELECT position, event_id FROM alerts WHERE position > ?2 AND ?1 = 0 ORDER BY position"
        let poller = AlertPoller(sql: sql, path: folder + "/" + LatencyFloor.databaseName, partitions: 1)
        return try measure(rate, poller, senders: [floor])
    }

    /// Events that one request carries at most.
    private static let requestLimit = 5000

    private func measure(
        _ rate: Double,
        _ poller: AlertPoller,
        senders: [any LatencySender]
    ) throws(CommandError) -> Run {
        let events = LatencyEvents(rate: rate, alertsPerSecond: alerts)
        let pacer = LatencyPacer(rate: rate, seconds: seconds)
        let failure = FirstFailure<CommandError>()
        let finished = DispatchGroup()
        let ended = Mutex<Int64>(0)
        for sender in senders {
            finished.enter()
            let thread = Thread {
                defer { finished.leave() }
                var body: [UInt8] = []
                while let range = pacer.take(limit: Self.requestLimit) {
                    body.removeAll(keepingCapacity: true)
                    events.write(range, to: &body)
                    do throws(CommandError) { try sender.send(body, events: range, events) } catch {
                        failure.note(error)
                        return pacer.stop()
                    }
                    let now = MonotonicClock.now()
                    ended.withLock { $0 = max($0, now) }
                }
            }
            thread.start()
        }
        let first = Int(rate * Self.warmUpSeconds)
        let expected = events.hotCount(below: pacer.total)
        let seen = try poller.run(pacer, from: first, expected: expected)
        pacer.stop()
        finished.wait()
        if let error = failure.error { throw error }
        // A sender that ends late has not kept up, even if everything has come in the end.
        let late = Double(ended.withLock { $0 } - pacer.due(pacer.total)) / 1e9
        return Run(
            seen: seen,
            missing: expected - seen.count - seen.warmUp,
            isLate: late > seconds * 0.01 + 0.1,
            events: pacer.total
        )
    }
}

extension LoopbackClient: LatencySender {
    /// Posts events until they are taken: while the server is full they stay due.
    func send(_ body: [UInt8], events: Range<Int>, _ made: LatencyEvents) throws(CommandError) {
        while true {
            let answer = try post("/events", type: "application/x-ndjson", body: body)
            if answer.status == 200 { return }
            guard answer.status == 503 else {
                throw .storage("the server answered \(answer.status): \(String(decoding: answer.body, as: UTF8.self))")
            }
            LatencyPacer.sleep(until: MonotonicClock.now() + 20_000_000)
        }
    }
}
