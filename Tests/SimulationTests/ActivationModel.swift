import Base
import Engine
import EventLog
import Partition
import Plan
import TestKit

/// What is told of an alert, in words that can be compared.
struct AlertWords: Hashable, Comparable, CustomStringConvertible {
    var detector: String
    var activation: Int
    var opened: Int64
    var last: Int64
    var events: Int
    var first: Int64
    var isEnded: Bool
    /// By name, as of the last event; what nobody computed then is missing.
    var features: [String: UInt64]

    var description: String {
        "\(detector) of \(activation) from \(opened) to \(last), \(events) events since \(first), ended: \(isEnded), "
            + features.sorted { $0.key < $1.key }.map { "\($0) = \(Double(bitPattern: $1))" }.joined(separator: ", ")
    }

    static func < (left: AlertWords, right: AlertWords) -> Bool {
        (left.opened, left.detector) < (right.opened, right.detector)
    }

    static let missing = Double.nan.bitPattern

    /// Equal for all values that are missing.
    static func bits(_ value: Double) -> UInt64 { value.isNaN ? missing : value.bitPattern }
}

/// What alerts there must be, said plainly: every set of definitions is run over the whole log, as if it had always been
/// in force, and of each only the stretch counts in which it was. Sessions are lists; nothing is carried over but open
/// alerts of detectors that are the same.
struct ActivationModel {
    private struct Open {
        var words: AlertWords
        var firstTime: Int64
        var lastTime: Int64
        /// As of the last event, by the names of now.
        var features: [String: UInt64]
    }

    private struct Event {
        var time: Int64
        var clock: Int64
        /// By detector: the key, and whether the rule is true.
        var keys: [Text]
        var isTrue: [Bool]
        var features: [String: UInt64]
    }

    private let lines: [String]
    private let entries: [DefinitionSchedule.Entry]
    private var done: Set<AlertWords> = []
    /// By what the detector is, and the key.
    private var open: [String: [Text: Open]] = [:]

    init(lines: [String], entries: [DefinitionSchedule.Entry]) {
        self.lines = lines
        self.entries = entries
    }

    mutating func alerts() throws -> Set<AlertWords> {
        for (place, entry) in entries.enumerated() {
            let end = place + 1 < entries.count ? Int(entries[place + 1].from) : lines.count
            let plan = entry.definitions.plan
            let names = Self.identities(plan)
            begin(names, plan.features.map(\.name))
            let events = try Self.run(lines, plan)
            for offset in Int(entry.from)..<max(Int(entry.from), end) {
                if events[offset] != nil { step(events, offset, entry.definitions, names) }
            }
        }
        for alerts in open.values { for alert in alerts.values { done.insert(alert.words) } }
        return done
    }

    static func identities(_ plan: PipelinePlan) -> [String] {
        var hasher = PartHasher(plan)
        return plan.detectors.indices.map { String(hasher.alerts(of: $0, model: nil).prefix(12)) }
    }

    /// Other definitions are in force: what they do not have ends.
    private mutating func begin(_ detectors: [String], _ features: [String]) {
        for (name, alerts) in open {
            for (key, alert) in alerts {
                if detectors.contains(name) {
                    open[name]?[key]?.features = Dictionary(
                        uniqueKeysWithValues: features.map { ($0, alert.features[$0] ?? AlertWords.missing) }
                    )
                } else {
                    end(name, key)
                }
            }
        }
    }

    /// An alert that ends is told of once more, with the features that there are now.
    private mutating func end(_ name: String, _ key: Text) {
        guard var alert = open[name]?.removeValue(forKey: key) else { return }
        alert.words.isEnded = true
        alert.words.features = alert.features
        done.insert(alert.words)
    }

    private mutating func step(
        _ events: [Event?],
        _ offset: Int,
        _ definitions: Definitions,
        _ names: [String]
    ) {
        guard let event = events[offset] else { return }
        for (index, name) in names.enumerated() where !event.keys[index].isAbsent {
            let (key, gap) = (event.keys[index], definitions.plan.detectors[index].sessionGap)
            if var alert = open[name]?[key], event.time <= alert.lastTime + gap, event.time >= alert.firstTime - gap {
                alert.firstTime = min(alert.firstTime, event.time)
                alert.lastTime = max(alert.lastTime, event.time)
                alert.features = event.features
                alert.words.first = alert.firstTime
                alert.words.last = Int64(offset)
                alert.words.events += 1
                alert.words.features = event.features
                open[name]?[key] = alert
            } else if event.isTrue[index] {
                end(name, key)
                let session = Self.session(events, offset, index, gap)
                let words = AlertWords(
                    detector: name,
                    activation: definitions.activation,
                    opened: Int64(offset),
                    last: Int64(offset),
                    events: session.count,
                    first: session.min() ?? event.time,
                    isEnded: false,
                    features: event.features
                )
                open[name, default: [:]][key] = Open(
                    words: words,
                    firstTime: words.first,
                    lastTime: event.time,
                    features: event.features
                )
            }
        }
        for (index, name) in names.enumerated() {
            let gap = definitions.plan.detectors[index].sessionGap
            for (key, alert) in open[name] ?? [:] where alert.lastTime + gap < event.clock { end(name, key) }
        }
    }

    /// The times of a key's events up to one, back from it as long as none is further from the next than the gap.
    private static func session(_ events: [Event?], _ offset: Int, _ detector: Int, _ gap: Int64) -> [Int64] {
        guard let last = events[offset] else { return [] }
        let earlier = events[..<offset].compactMap { $0 }.filter {
            $0.keys[detector] == last.keys[detector] && $0.time <= last.time
        }
        var times = [last.time]
        for time in earlier.map(\.time).sorted(by: >) {
            guard let next = times.last, next - time <= gap else { break }
            times.append(time)
        }
        return times
    }

    /// Each event by its offset as one plan alone has it; nil where it is not accepted.
    private static func run(_ lines: [String], _ plan: PipelinePlan) throws -> [Event?] {
        var told = plan
        // Conditions are told as features are.
        for (index, detector) in plan.detectors.enumerated() {
            guard case .rule(let condition, _) = detector.kind else { continue }
            told.features.append(Feature(name: "rule \(index)", expression: condition))
        }
        let engine = try PartitionEngine(plan: told, models: [:], partition: 0, capacity: 1)
        var output = EngineOutput(partition: 0)
        var events: [Event?] = []
        for (offset, line) in lines.enumerated() {
            let batch = decode([line], plan: told)
            [Int32(0)].withUnsafeBufferPointer {
                engine.process(batch, rows: $0, baseOffset: LogOffset(Int64(offset)), emits: false, into: &output)
            }
            guard engine.acceptedCount == 1, let clock = output.clock else {
                events.append(nil)
                continue
            }
            let values = plan.features.indices.map { engine.feature($0, of: 0) }
            events.append(
                Event(
                    time: batch.times[0],
                    clock: clock,
                    keys: plan.detectors.map { engine.key($0.entity, of: 0) },
                    isTrue: plan.detectors.indices.map { engine.feature(plan.features.count + $0, of: 0) == 1 },
                    features: Dictionary(
                        uniqueKeysWithValues: zip(plan.features.map(\.name), values.map { AlertWords.bits($0) })
                    )
                )
            )
        }
        return events
    }
}
