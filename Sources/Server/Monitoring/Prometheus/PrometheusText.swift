/// A metric whose values are found when they are asked for.
package struct ComputedMetric: Sendable {
    package var name: String
    package var samples: [(labels: [(String, String)], value: Double)]

    package init(_ name: String, _ samples: [(labels: [(String, String)], value: Double)]) {
        self.name = name
        self.samples = samples
    }

    /// A metric without labels; none if there is no value.
    package init(_ name: String, _ value: Double?) {
        self.init(name, value.map { [([], $0)] } ?? [])
    }
}

/// Prometheus' text format, version 0.0.4.
package enum PrometheusText {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// All metrics: names in order, and the series of each.
    package static func write(_ registry: PrometheusRegistry, _ computed: [ComputedMetric] = []) -> String {
        var blocks: [String: String] = [:]
        for (name, family) in registry.families {
            var lines = head(name, family.description)
            for (labels, cell) in family.series.sorted(by: { $0.key < $1.key }) { write(cell, name, labels, &lines) }
            blocks[name] = lines
        }
        for metric in computed where !metric.samples.isEmpty {
            var lines = head(
                metric.name,
                MetricCatalog.descriptions[metric.name] ?? MetricDescription(.gauge, metric.name)
            )
            for sample in metric.samples { line(metric.name, labels(sample.labels), number(sample.value), &lines) }
            blocks[metric.name] = lines
        }
        return blocks.sorted { $0.key < $1.key }.map(\.value).joined()
    }

    private static func head(_ name: String, _ description: MetricDescription) -> String {
        let help = escaped(description.help, quotes: false)
        return "# HELP \(name) \(help)\n# TYPE \(name) \(description.kind.rawValue)\n"
    }

    private static func write(_ cell: PrometheusRegistry.Cell, _ name: String, _ labels: String, _ out: inout String) {
        switch cell {
        case .counter(let counter): line(name, labels, "\(counter.value)", &out)
        case .gauge(let gauge): line(name, labels, number(gauge.value), &out)
        case .histogram(let histogram):
            let snapshot = histogram.snapshot
            let comma = labels.isEmpty ? "" : ","
            var sum = 0
            for (bound, count) in zip(histogram.bounds.map(number) + ["+Inf"], snapshot.counts) {
                sum += count
                line("\(name)_bucket", "\(labels)\(comma)le=\"\(bound)\"", "\(sum)", &out)
            }
            line("\(name)_sum", labels, number(snapshot.sum), &out)
            line("\(name)_count", labels, "\(sum)", &out)
        }
    }

    private static func line(_ name: String, _ labels: String, _ value: String, _ out: inout String) {
        out += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
    }

    /// A number as Prometheus reads it: whole ones without a fraction.
    package static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value), abs(value) < 0x1p53 { return "\(whole)" }
        return "\(value)"
    }

    /// Labels as they are written, without braces.
    package static func labels(_ labels: [(String, String)]) -> String {
        labels.map { "\(label($0.0))=\"\(escaped($0.1, quotes: true))\"" }.joined(separator: ",")
    }

    /// A metric's name with only what is allowed in one.
    package static func name(_ text: String) -> String { identifier(text, colons: true) }

    private static func label(_ text: String) -> String { identifier(text, colons: false) }

    private static func identifier(_ text: String, colons: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "_": result.unicodeScalars.append(scalar)
            case "0"..."9" where !result.isEmpty: result.unicodeScalars.append(scalar)
            case ":" where colons: result.unicodeScalars.append(scalar)
            default: result += "_"
            }
        }
        return result.isEmpty ? "_" : result
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        guard text.utf8.contains(where: { $0 == 0x5C || $0 == 0x0A || $0 == 0x22 }) else { return text }
        var result = ""
        // By scalars: a character may be a line feed and something that belongs to it.
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
