public import ArgumentParser
import Base
import Console
import Plan
import Windows

/// `bench windows`: what keyed windows cost, by keys, length, features and disorder.
public struct BenchWindowsCommand: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "windows",
        abstract: "Cost of an event by number of keys, window length, features and disorder.",
        discussion: """
            Random events of random keys go through the windows alone, without decoding: one thing is changed at a time. \
            CPU time of the second half of the events, when old rows leave as new ones come; memory at the end.

              patternalarm bench windows
              patternalarm bench windows --events 500000 --format csv
            """
    )

    @Option(help: "Events of each measurement.")
    var events = 2_000_000

    @Option(help: "How to write it.")
    var format: OutputFormat = .table

    public init() {}

    /// Checks what the options say.
    public func validate() throws {
        guard events >= 10_000 else { throw ValidationError("--events must be at least 10000.") }
    }

    /// What is changed; the rest stays as here.
    private struct Setting {
        var keys = 100_000
        /// Seconds.
        var window: Int64 = 3_600
        var functions: [Aggregate.Function] = [.count, .sum, .mean]
        var features = 3
        /// Seconds.
        var disorder: Int64 = 0
        /// Microseconds of event time from one event to the next.
        var step: Int64 = 10_000
    }

    /// Measures, and prints what was measured.
    public func run() throws {
        var listing = Listing(columns: ["changed", "value", "cpu_ns_per_event", "rows_per_key", "state_mb"], rows: [])
        func add(_ changed: String, _ value: String, _ setting: Setting) {
            let result = measure(setting)
            let inWindow = Double(setting.window) * 1e6 / Double(setting.step)
            let rows = min(Double(events), inWindow) / Double(setting.keys)
            listing.rows.append([
                .text(changed), .text(value), .number(result.nanoseconds, decimals: 0), .number(rows, decimals: 2),
                .number(Double(result.bytes) / 1e6, decimals: 1),
            ])
        }
        for exponent in 3...7 {
            var keys = 1
            for _ in 0..<exponent { keys *= 10 }
            add("keys", grouped(keys), Setting(keys: keys))
        }
        let lengths: [(name: String, seconds: Int64)] = [
            ("1m", 60), ("1h", 3_600), ("1d", 86_400), ("7d", 604_800), ("30d", 2_592_000),
        ]
        for length in lengths {
            // Ten seconds apart: the longest window holds 259,200 events of 100 keys.
            add("window", length.name, Setting(keys: 100, window: length.seconds, step: 10_000_000))
        }
        for (name, functions) in [("min and max", [.min, .max]), ("distinct", [.distinct])]
            as [(String, [Aggregate.Function])]
        {
            for length in lengths {
                let setting = Setting(
                    keys: 100,
                    window: length.seconds,
                    functions: functions,
                    features: functions.count,
                    step: 10_000_000
                )
                add("window, \(name)", length.name, setting)
            }
        }
        for count in [1, 5, 10, 25, 50] {
            add("sums, means, deviations", "\(count)", Setting(functions: [.sum, .mean, .std], features: count))
        }
        for count in [1, 5, 10, 25, 50] {
            add("min, max, distinct", "\(count)", Setting(functions: [.min, .max, .distinct], features: count))
        }
        for seconds in [0, 10, 60, 300] as [Int64] { add("disorder", "\(seconds)s", Setting(disorder: seconds)) }
        listing.write(as: format)
    }

    private func measure(_ setting: Setting) -> (nanoseconds: Double, bytes: Int) {
        let plan = Self.plan(setting)
        let capacity = 2048
        let machine = WindowMachine(plan: plan, capacity: capacity)
        let batch = ColumnBatch(schema: plan.schema, capacity: capacity)
        let rows = (0..<capacity).map { Int32($0) }
        var offsets = Array(repeating: Int64(0), count: capacity)
        var clocks = offsets
        var random = Seeded(seed: 1)
        var now: Int64 = 1_700_000_000_000_000
        var done = 0
        var cpu = 0.0
        while done < events {
            let count = min(capacity, events - done)
            batch.removeAll()
            for row in 0..<count {
                now += setting.step
                let late =
                    setting.disorder > 0 && row % 20 == 0 ? Int64(random.below(Int(setting.disorder) * 1_000_000)) : 0
                batch.times[row] = now - late
                batch.columns[1].texts?[row] = Text(low: UInt64(random.below(setting.keys)) + 1, high: 0x18 << 56)
                batch.columns[2].numbers?[row] = Double(random.below(1_000_000)) / 100
                offsets[row] = Int64(done + row)
                clocks[row] = now - setting.disorder * 1_000_000
            }
            batch.count = count
            let before = Cost.now
            machine.process(batch, rows: rows, offsets: offsets, clocks: clocks, count: count)
            if done >= events / 2 { cpu += (Cost.now - before).cpu }
            done += count
        }
        return (cpu / Double(events - events / 2) * 1e9, machine.stateBytes)
    }

    /// Windows of one entity; equal lengths would share their rows and moments, so each is a little longer.
    private static func plan(_ setting: Setting) -> PipelinePlan {
        var plan = PipelinePlan(
            name: "bench",
            schema: Schema(fields: [
                Field(name: "at", type: .time, role: .time), Field(name: "who", type: .text),
                Field(name: "amount", type: .number),
            ])
        )
        plan.entities = [Entity(name: "key", key: [.field(1, .text)])]
        plan.disorder = setting.disorder * 1_000_000
        for number in 0..<setting.features {
            let window = Window(entity: 0, kind: .sliding(size: (setting.window + Int64(number / 3)) * 1_000_000))
            let function = setting.functions[number % setting.functions.count]
            plan.aggregates.append(
                Aggregate(window: window, function: function, argument: function == .count ? nil : .field(2, .number))
            )
            plan.features.append(Feature(name: "f\(number)", expression: .aggregate(number)))
        }
        return plan
    }
}
