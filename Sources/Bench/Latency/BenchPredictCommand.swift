public import ArgumentParser
import Console
import Foundation
import Histogram
import Runtime
import Synchronization

/// `bench predict`
public struct BenchPredictCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "predict",
        abstract: "How long `POST /predict` takes from the moment a request is due.",
        discussion: """
            Requests are due at a constant rate, each with three transactions of one actor, over a number of connections. \
            A request that is due while all connections wait counts from when it was due.

              patternalarm bench predict --rate 2000 --seconds 15
            """
    )

    @Option(help: "Requests a second; may be given more than once.")
    var rate: [Double] = [2000]

    @Option(help: "Seconds of a run, of which the first two do not count.")
    var seconds = 12.0

    @Option(help: "Connections.")
    var connections = 16

    @Option(help: "How to write it.")
    var format: OutputFormat = .table

    private static let warmUpSeconds = 2.0

    public init() {}

    /// Checks what the options say.
    public func validate() throws {
        guard rate.allSatisfy({ $0 >= 1 && $0 <= 100_000 }) else {
            throw ValidationError("--rate must be from 1 to 100000.")
        }
        guard seconds >= 3, connections >= 1 else {
            throw ValidationError("--seconds must be at least 3, --connections at least 1.")
        }
    }

    /// Measures, and prints what was measured.
    public func run() throws {
        try CommandError.reporting { () throws(CommandError) in
            var listing = Listing(
                columns: [
                    "rate", "requests", "p50_ms", "p95_ms", "p99_ms", "p999_ms", "max_ms", "cpu_us_each", "late",
                ],
                rows: []
            )
            for rate in rate { listing.rows.append(try measure(rate)) }
            listing.write(as: format)
        }
    }

    private func measure(_ rate: Double) throws(CommandError) -> [Cell] {
        let folder =
            FileManager.default.temporaryDirectory.path
            + "/patternalarm-predict-\(ProcessInfo.processInfo.processIdentifier)"
        defer { Scratch.remove(folder) }
        let server = try MeasuredServer(directory: folder)
        var clients: [LoopbackClient] = []
        do throws(CommandError) {
            for _ in 0..<connections { clients.append(try LoopbackClient(port: server.port, token: server.token)) }
        } catch {
            _ = server.stop()
            throw error
        }
        let pacer = LatencyPacer(rate: rate, seconds: seconds)
        let latency = Mutex(Histogram<UInt64>(highestTrackableValue: 600_000_000))
        let failure = FirstFailure<CommandError>()
        let finished = DispatchGroup()
        let last = Mutex<Int64>(0)
        for client in clients {
            finished.enter()
            Thread {
                defer { finished.leave() }
                while let range = pacer.take(limit: 1) {
                    do throws(CommandError) {
                        let body = Self.body(range.lowerBound)
                        let answer = try client.post("/predict", type: "application/json", body: body)
                        guard answer.status == 200 else {
                            let words = String(decoding: answer.body, as: UTF8.self)
                            throw .storage("the server answered \(answer.status): \(words)")
                        }
                    } catch {
                        failure.note(error)
                        return pacer.stop()
                    }
                    let now = MonotonicClock.now()
                    last.withLock { $0 = max($0, now) }
                    guard Double(range.lowerBound) >= rate * Self.warmUpSeconds else { continue }
                    let due = pacer.due(range.lowerBound)
                    latency.withLock { _ = $0.record(UInt64(max(0, now - due) / 1000)) }
                }
            }.start()
        }
        finished.wait()
        let before = Cost.children
        let status = server.stop()
        if let error = failure.error { throw error }
        guard status == 0 else { throw .storage("the server ended with exit code \(status)") }
        let cpu = (Cost.children - before).cpu / Double(pacer.total) * 1e6
        let behind = Double(last.withLock { $0 } - pacer.due(pacer.total)) / 1e9
        let found = latency.withLock { $0 }
        return [.number(rate, decimals: 0), .integer(Int(found.totalCount))]
            + [50.0, 95, 99, 99.9, 100].map { .number(Double(found.valueAtPercentile($0)) / 1000, decimals: 2) }
            + [.number(cpu, decimals: 0), .text(behind > 0.1 ? "SATURATED" : "no")]
    }

    /// Three transactions of an actor of its own.
    private static func body(_ number: Int) -> [UInt8] {
        let transactions = (0..<3).map { index in
            """
            {"transaction_id":"P\(number)-\(index)","amount":\(9500 + number % 400).25,"currency":"USD",\
            "timestamp":"2026-03-02T10:00:0\(index)Z","account_from":"A733001","account_to":"ACC\(number)\(index)",\
            "transfer_type":"wire","country_from":"US","country_to":"DE","purpose":"payment"}
            """
        }
        let list = transactions.joined(separator: ",")
        return Array("{\"actor_id\":\"P\(number)\",\"domain\":\"fintech\",\"transactions\":[\(list)]}".utf8)
    }
}
