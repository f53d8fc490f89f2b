import CoreMetrics
import Synchronization

/// Keeps what is measured, for Prometheus to fetch. Instruments of the same name and labels are one.
package final class PrometheusRegistry: MetricsFactory {
    enum Cell: Sendable {
        case counter(CounterCell)
        case gauge(GaugeCell)
        case histogram(HistogramCell)
    }

    struct Family: Sendable {
        var description: MetricDescription
        /// By labels, as they are written.
        var series: [String: Cell] = [:]
    }

    private struct State {
        var families: [String: Family] = [:]
        var dropped = 0
    }

    private let state = Mutex(State())
    private let seriesLimit: Int

    /// What the program's instruments are told to.
    package static let shared = PrometheusRegistry()

    /// - Parameter seriesLimit: How many combinations of labels a metric may have; more are not kept.
    package init(seriesLimit: Int = 500) {
        self.seriesLimit = seriesLimit
    }

    /// How many instruments were made that are not kept.
    package var dropped: Int { state.withLock { $0.dropped } }

    /// Everything, by name.
    var families: [String: Family] { state.withLock { $0.families } }

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        let cell = cell(label, dimensions, .counter) { _ in .counter(CounterCell()) }
        if case .counter(let counter) = cell { return counter }
        return CounterCell()
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        gauge(label, dimensions)
    }

    package func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        aggregate ? histogram(label, dimensions) : gauge(label, dimensions)
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label, dimensions)
    }

    // Series stay: what was counted is not forgotten while the program runs.

    package func destroyCounter(_ handler: any CounterHandler) {}

    package func destroyMeter(_ handler: any MeterHandler) {}

    package func destroyRecorder(_ handler: any RecorderHandler) {}

    package func destroyTimer(_ handler: any TimerHandler) {}

    private func gauge(_ label: String, _ dimensions: [(String, String)]) -> GaugeCell {
        let cell = cell(label, dimensions, .gauge) { _ in .gauge(GaugeCell()) }
        if case .gauge(let gauge) = cell { return gauge }
        return GaugeCell()
    }

    private func histogram(_ label: String, _ dimensions: [(String, String)]) -> HistogramCell {
        let cell = cell(label, dimensions, .histogram) { .histogram(HistogramCell(bounds: $0.bounds)) }
        if case .histogram(let histogram) = cell { return histogram }
        return HistogramCell(bounds: [])
    }

    /// The series' cell, made if there is room; nil if there is not, or if the name is of another kind.
    private func cell(
        _ label: String,
        _ dimensions: [(String, String)],
        _ kind: MetricDescription.Kind,
        _ make: (MetricDescription) -> Cell
    ) -> Cell? {
        let name = PrometheusText.name(label)
        let labels = PrometheusText.labels(dimensions)
        return state.withLock { state in
            let description = state.families[name]?.description ?? MetricCatalog.description(name, kind)
            if let known = state.families[name]?.series[labels], description.kind == kind { return known }
            guard description.kind == kind, (state.families[name]?.series.count ?? 0) < seriesLimit else {
                state.dropped += 1
                return nil
            }
            let cell = make(description)
            state.families[name, default: Family(description: description)].series[labels] = cell
            return cell
        }
    }
}

/// The server's metrics.
public enum ServerMetrics {
    /// Collects what the program measures from now on. To be called once, before there are instruments.
    public static func begin() { MetricsSystem.bootstrap(PrometheusRegistry.shared) }
}
