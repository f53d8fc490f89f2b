import ArgumentParser
import Base
import Bytes
import Console
import Foundation
import Plan
import Tables
import Traffic

/// `simulate`: made-up events of three domains, reproducible.
struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Write simulated events as JSON lines: gaming, fintech and ecommerce, nine frauds, seven personas.",
        discussion: """
            The same options give the same bytes. Time is virtual and only moves forward.

              patternalarm simulate --events 100000 --seed 7 --out events.jsonl
              patternalarm simulate --load peak --duration 5m --labels labels.csv \\
                > events.jsonl
              patternalarm simulate --load normal --duration 1h --paced \\
                | patternalarm replay -
            """
    )

    @Option(help: "File to write; it must not exist yet (default: standard output).")
    var out: String?

    @Option(help: "Events a minute by name: mini 5, normal 10,000, peak 50,000, crisis 100,000.")
    var load: LoadLevel = .normal

    @Option(help: "Events a minute, as a number.")
    var rate: Double?

    @Option(
        help:
            "Virtual time in which people turn up, such as 60s or 1h (default: 1m without --events); the last ones stay some minutes."
    )
    var duration: String?

    @Option(help: "Number of events.")
    var events: Int?

    @Option(help: "Seed of all random choices.")
    var seed: UInt64 = 1

    @Option(help: "Virtual time of the first event (ISO 8601).")
    var start: String?

    @Option(help: "How late the latest 5 % of the events arrive.")
    var disorder = "5s"

    @Option(help: "Share of the sequences that are fraud, 0 to 1.")
    var fraudShare: Double?

    @Option(help: "Rate of one pattern, as in fraud_card_testing=0.1; may be repeated.")
    var patternRate: [String] = []

    @Option(help: "Domains: gaming, fintech, ecommerce; may be repeated (default: all).")
    var domain: [Domain] = []

    @Option(help: "Write the ground truth to this CSV file instead of into the events.")
    var labels: String?

    @Flag(help: "Write each event when it is due, for feeding a live log.")
    var paced = false

    func validate() throws { _ = try settings() }

    private func settings() throws -> TrafficSettings {
        var settings = TrafficSettings()
        settings.seed = seed
        settings.eventsPerMinute = rate ?? load.eventsPerMinute
        guard settings.eventsPerMinute > 0 else { throw ValidationError("--rate must be above 0.") }
        settings.events = events
        if let events, events < 0 { throw ValidationError("--events must not be negative.") }
        if let duration { settings.duration = try Self.duration(duration, "--duration") }
        if events == nil, duration == nil { settings.duration = 60_000_000 }
        settings.disorder = try Self.duration(disorder, "--disorder")
        if let start { settings.start = EventTime(microseconds: try ReplayCommand.time(start, "--start")) }
        if !domain.isEmpty { settings.domains = domain }
        settings.hasLabels = labels == nil
        for entry in patternRate { try apply(entry, to: &settings) }
        if let fraudShare {
            guard (0...1).contains(fraudShare) else { throw ValidationError("--fraud-share must lie between 0 and 1.") }
            settings.setFraudShare(fraudShare)
        }
        return settings
    }

    private func apply(_ entry: String, to settings: inout TrafficSettings) throws {
        let parts = entry.split(separator: "=")
        guard parts.count == 2, let pattern = Pattern(rawValue: String(parts[0])), let rate = Double(parts[1]),
            rate >= 0
        else {
            let known = Pattern.allCases.map(\.rawValue)
            let hint = closestName(to: String(parts.first ?? ""), among: known).map { "; did you mean \($0)?" } ?? "."
            throw ValidationError("--pattern-rate takes PATTERN=RATE, not \"\(entry)\"\(hint)")
        }
        for domain in Domain.allCases {
            guard let index = settings.rates[domain]?.firstIndex(where: { $0.pattern == pattern }) else { continue }
            settings.rates[domain]?[index].rate = rate
        }
    }

    static func duration(_ text: String, _ option: String) throws -> Int64 {
        guard let value = Plan.duration(text) else {
            throw ValidationError("\(option) takes a duration such as 500ms, 30s, 5m or 1h, not \"\(text)\".")
        }
        return value
    }

    func run() throws {
        let settings = try settings()
        try CommandError.reporting { () throws(CommandError) in
            try CommandError.running { () throws(TableError) in try simulate(settings) }
        }
    }

    private func simulate(_ settings: TrafficSettings) throws(TableError) {
        Interrupt.install()
        let events = try out.map { path throws(TableError) in try NewFile(path) }
        let truth = try labels.map { path throws(TableError) in try NewFile(path) }
        if let truth { try truth.write(Array("transaction_id,pattern,is_fraud,sequence_position\n".utf8)) }
        var generator = TrafficGenerator(settings)
        var buffer: [UInt8] = []
        var rows: [UInt8] = []
        var count = 0
        let progress = ProgressBar("simulate")
        let began = ContinuousClock.now
        var isAtEnd = false
        while !isAtEnd, !Interrupt.isRequested {
            if let event = generator.next(into: &buffer) {
                count += 1
                if truth != nil {
                    let line =
                        "\(event.id),\(event.pattern.rawValue),\(event.pattern.isFraud),\(event.sequencePosition)\n"
                    rows.append(contentsOf: line.utf8)
                }
                if paced {
                    let due = began + .microseconds(event.arrival.microseconds - settings.start.microseconds)
                    let rest = ContinuousClock.now.duration(to: due)
                    if rest > .zero {
                        Thread.sleep(
                            forTimeInterval: Double(rest.components.attoseconds) * 1e-18
                                + Double(rest.components.seconds)
                        )
                    }
                }
            } else {
                isAtEnd = true
            }
            guard buffer.count >= 1 << 16 || isAtEnd || paced else { continue }
            if let events { try events.write(buffer) } else { Output.data(buffer, .json) }
            if let truth { try truth.write(rows) }
            buffer.removeAll(keepingCapacity: true)
            rows.removeAll(keepingCapacity: true)
            progress.update(
                "\(grouped(count)) events",
                fraction: settings.events.map { Double(count) / Double(max(1, $0)) }
            )
        }
        progress.finish()
        try events?.close()
        try truth?.close()
        if out != nil { Output.talk("\(grouped(count)) events, seed \(seed)") }
    }
}

extension LoadLevel: ExpressibleByArgument {}
extension Domain: ExpressibleByArgument {}
